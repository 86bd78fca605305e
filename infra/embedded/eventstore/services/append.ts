import { status, type sendUnaryData, type ServerReadableStream, type ServerUnaryCall } from '@grpc/grpc-js'
import type { ProposedEvent, Store, Verdict } from '../contract.ts'
import { Busy } from '../storage/writer.ts'
import { appended, deletedAt, readAppendReq, readDeleteReq, wrongRevision } from '../wire/append.ts'
import type { Proposal, StreamWish } from '../wire/fields.ts'
import {
  invalid, maximumAppendSizeExceeded, missingProperty, Refusal, streamDeleted, timedOut, unavailable, wrongExpectedVersion,
} from '../wire/errors.ts'
import { answering, refusal, type Ending } from './answering.ts'

export interface Limits {
  /** Data, metadata and types of one append together. */
  readonly append_bytes_max: number
  /** An append that is not durable by then is answered as timed out; it may still happen. */
  readonly commit_ms_max: number
}

/** What `readUuid` makes of an id, but for the nil one. */
const uuidPattern = /^(?!0{8}-0{4}-0{4}-0{4}-0{12})[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What must be said before anything is judged. */
export function required({ stream, expected }: StreamWish): { readonly stream: string; readonly expected: number } {
  if (stream === '' || stream === '$$') throw invalid('The stream has no name.')
  if (expected === undefined) throw invalid('The request says no expected revision.')
  return { stream, expected }
}

export function accepted({ event, contentType, hasType }: Proposal): ProposedEvent {
  if (!hasType || contentType === undefined) throw missingProperty()
  if (!uuidPattern.test(event.id)) throw invalid('The id of an event is not a UUID, or all zero.')
  if (event.type === '') throw invalid('An event has no type.')
  return event
}

/** The verdict, unless it takes longer than a writer may wait. */
export function inTime(verdict: Promise<Verdict>, { commit_ms_max }: Limits): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(timedOut()), commit_ms_max)
    verdict.then(resolve, (error) => reject(error instanceof Busy ? unavailable(error.message) : error)).finally(() => clearTimeout(timer))
  })
}

/**
 * A client that gives a call up, or loses its connection, ends it as one does that has sent everything: only afterwards, within two turns
 * of the event loop, grpc-js says that it was cancelled. A deadline passes at the client first, and what tells so may come later still:
 * too near to it, nobody knows whether the events are all there. Half an append must not be taken for a whole one.
 */
const turns_until_cancelled = 4
const deadline_lag_ms = 50

const gone = () => new Refusal(status.DEADLINE_EXCEEDED, 'The call ended before its events were known to be complete.')

async function hasGivenUp(call: ServerReadableStream<Buffer, Buffer>): Promise<boolean> {
  for (let turn = 0; turn < turns_until_cancelled; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  return call.cancelled || Number(call.getDeadline()) - Date.now() < deadline_lag_ms
}

/** Streams.Append: options, then one message an event; one answer. */
export const append = (store: Store, limits: Limits, ending: Ending) => (call: ServerReadableStream<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
  const events: ProposedEvent[] = []
  let [wish, bytes, isAnswered] = [undefined as { stream: string; expected: number } | undefined, 0, false]
  const answer: sendUnaryData<Buffer> = (...outcome) => {
    if (isAnswered) return
    isAnswered = true
    untrack()
    callback(...outcome)
  }
  const untrack = ending.track((error) => answer(error))

  call.on('data', (buffer: Buffer) => {
    if (isAnswered) return
    try {
      const { wish: options, proposal } = readAppendReq(buffer)
      if (!wish) {
        if (!options) throw invalid('The first message must say the stream and its expected revision.')
        wish = required(options)
        return
      }
      if (!proposal) throw invalid('Behind the first message every one is an event.')
      // Judged while it comes in: an append that is too large need not arrive.
      if ((bytes += proposal.bytes) > limits.append_bytes_max) throw maximumAppendSizeExceeded(limits.append_bytes_max)
      events.push(accepted(proposal))
    } catch (error) {
      answer(refusal(error))
    }
  })
  call.on('end', () => answering(answer, async () => {
    if (await hasGivenUp(call) || isAnswered) throw gone()
    const { stream, expected } = wish ?? required({ stream: '', expected: undefined })
    const verdict = await inTime(store.append(stream, expected, events), limits)
    if (verdict.kind === 'stream-deleted') throw streamDeleted(stream)
    return verdict.kind === 'written' ? appended(verdict.revision, verdict.position) : wrongRevision(expected, verdict.current)
  }))
  call.on('cancelled', () => answer(gone()))
  call.on('error', (error) => answer(refusal(error)))
}

/** Streams.Delete and Streams.Tombstone: their refusals are errors, not answers. */
export const deletion = (store: Store, limits: Limits, how: 'delete' | 'tombstone') => (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void =>
  answering(callback, async () => {
    const { stream, expected } = required(readDeleteReq(call.request))
    const verdict = await inTime(store[how](stream, expected), limits)
    if (verdict.kind === 'stream-deleted') throw streamDeleted(stream)
    if (verdict.kind === 'wrong-revision') throw wrongExpectedVersion(stream, expected, verdict.current)
    return deletedAt(verdict.position)
  })
