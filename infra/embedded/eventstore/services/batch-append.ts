import { status, type ServerDuplexStream } from '@grpc/grpc-js'
import type { ProposedEvent, Store } from '../contract.ts'
import {
  batchAppended, batchBadRequest, batchStreamDeleted, batchTimeout, batchTooLarge, batchUnknown, batchWrongRevision, readBatchAppendReq, type BatchAppendReq, type Failure,
} from '../wire/batch-append.ts'
import { Refusal } from '../wire/errors.ts'
import { accepted, inTime, required, type Limits } from './append.ts'
import { refusal } from './answering.ts'

interface Batch {
  readonly correlation: Buffer
  readonly stream: string
  readonly expected: number
  readonly deadline_ms: number
  readonly events: ProposedEvent[]
  /** As limits count them. */
  bytes: number
  /** As they came. */
  held_bytes: number
  timer: NodeJS.Timeout | undefined
}

const isTimeout = (error: unknown) => error instanceof Refusal && error.code === status.ABORTED

/** How many appends of one call may be unfinished, and how much of them may be held. */
const open_max = 10_000
const held_bytes_max = 64 * 1024 * 1024

/**
 * Streams.BatchAppend: all appends of a client on one call, told apart by correlation ids, each in one chunk or more. Every id is
 * answered exactly once, in band; chunks of an id that has been answered are passed over.
 */
export const batchAppend = (store: Store, limits: Limits, now_ms: () => number = Date.now) => (call: ServerDuplexStream<Buffer, Buffer>): void => {
  const batches = new Map<string, Batch>()
  let [underWay, hasEnded, held_bytes] = [0, false, 0]

  /** Who does not take answers may send no more requests until it does, nor who sends more than the log takes. */
  const send = (message: Buffer) => {
    if (!call.cancelled && !call.destroyed && !call.write(message)) call.pause()
  }
  const goOn = () => {
    if (underWay < open_max && !call.writableNeedDrain) call.resume()
  }
  call.on('drain', goOn)
  const finish = () => {
    if (hasEnded && underWay === 0 && batches.size === 0) call.end()
  }

  /** The batch that a chunk opens, or why there is none. */
  function opened({ correlation, options }: BatchAppendReq): Batch | Failure | undefined {
    if (!options) return undefined
    if (batches.size >= open_max) return batchUnknown('Too many appends are unfinished.')
    const now = now_ms()
    const deadline_ms = Math.min(options.deadline_ms ?? Infinity, now + limits.commit_ms_max)
    if (deadline_ms <= now) return batchTimeout
    try {
      return { correlation, ...required(options), deadline_ms, events: [], bytes: 0, held_bytes: 0, timer: undefined }
    } catch (error) {
      return batchBadRequest((error as Refusal).details)
    }
  }

  /** Takes the events of a chunk in, or says why not. */
  function filled(batch: Batch, { proposals }: BatchAppendReq): Failure | undefined {
    for (const proposal of proposals) {
      if ((batch.bytes += proposal.bytes) > limits.append_bytes_max) return batchTooLarge(limits.append_bytes_max)
      try {
        batch.events.push(accepted(proposal))
      } catch (error) {
        return batchBadRequest((error as Refusal).details)
      }
    }
    return undefined
  }

  async function commit({ correlation, stream, expected, events, deadline_ms }: Batch) {
    if (++underWay >= open_max) call.pause()
    try {
      const verdict = await inTime(store.append(stream, expected, events), { ...limits, commit_ms_max: Math.max(1, deadline_ms - now_ms()) })
      if (verdict.kind === 'written') send(batchAppended(correlation, stream, verdict.revision, verdict.position))
      else send((verdict.kind === 'stream-deleted' ? batchStreamDeleted : batchWrongRevision(expected, verdict.current))(correlation, stream))
    } catch (error) {
      send((isTimeout(error) ? batchTimeout : batchUnknown((error as Error).message))(correlation, stream))
    }
    if (underWay-- === open_max) goOn()
    finish()
  }

  function take(chunk: BatchAppendReq, chunk_bytes: number) {
    const id = chunk.correlation.toString('latin1')
    const batch = batches.get(id) ?? opened(chunk)
    if (!batch) return
    if (typeof batch === 'function') return send(batch(chunk.correlation, chunk.options?.stream ?? ''))
    const failure = filled(batch, chunk) ?? (batch.deadline_ms <= now_ms() ? batchTimeout : undefined)
    if (!failure && !chunk.isFinal) return hold(id, batch, chunk_bytes)
    release(id)
    if (failure) send(failure(batch.correlation, batch.stream))
    else void commit(batch)
  }

  /** Waits for the other chunks of an append, as long as it has time. */
  function hold(id: string, batch: Batch, chunk_bytes: number) {
    batches.set(id, batch)
    batch.held_bytes += chunk_bytes
    held_bytes += chunk_bytes
    const failed = (failure: Failure) => {
      release(id)
      send(failure(batch.correlation, batch.stream))
      finish()
    }
    if (held_bytes > held_bytes_max) return failed(batchUnknown('Too much of unfinished appends is held.'))
    batch.timer ??= setTimeout(() => failed(batchTimeout), batch.deadline_ms - now_ms()).unref()
  }

  function release(id: string) {
    const batch = batches.get(id)
    if (!batch) return
    clearTimeout(batch.timer)
    held_bytes -= batch.held_bytes
    batches.delete(id)
  }

  call.on('data', (buffer: Buffer) => {
    try {
      take(readBatchAppendReq(buffer, now_ms()), buffer.length)
    } catch (error) {
      call.emit('error', refusal(error))
    }
  })
  call.on('cancelled', () => {
    for (const id of [...batches.keys()]) release(id)
  })
  call.on('end', () => {
    hasEnded = true
    finish()
  })
}
