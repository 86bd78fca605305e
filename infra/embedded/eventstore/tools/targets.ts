import { EventStoreDBClient, NO_STREAM, StreamDeletedError, WrongExpectedVersionError, type EventData } from '@eventstore/db-client'
import { ANY, type Verdict } from '../contract.ts'
import { openStore } from '../store.ts'
import { lastPosition } from './export-log.ts'
import type { Answer, Target } from './import-log.ts'
import { parseExactly, type ExportedEvent } from './ndjson.ts'

/** A folder of the embedded event store, made when it is missing. Events keep their times. Throws `Locked`, `Corruption`. */
export async function folderTarget(dir: string): Promise<Target> {
  let now_ms = Date.now()
  const store = await openStore({ dir, now_ms: () => now_ms })
  const before = store.count === 0 ? -1 : store.entry(store.count - 1).position
  const answered = (verdict: Verdict): Answer => (verdict.kind === 'written' ? { kind: 'written', isNew: verdict.position > before } : verdict)
  return {
    async append(stream, expected, events) {
      // Taken as the time of the append when it is judged, which is now.
      now_ms = Date.parse(events[0]!.created)
      return answered(await store.append(stream, expected, events))
    },
    async tombstone({ stream, created }) {
      now_ms = Date.parse(created)
      return answered(await store.tombstone(stream, ANY))
    },
    close: () => store.close(),
  }
}

/** A server. JSON goes through its client, which writes it anew: the values stay, spaces between them do not. */
export async function serverTarget(client: EventStoreDBClient): Promise<Target> {
  const before = await lastPosition(client)
  const answered = ({ success, position }: { readonly success?: boolean; readonly position?: { readonly commit: bigint } | undefined }): Answer => {
    if (success === false) throw new Error('leave throwOnAppendFailure out of the connection string')
    return { kind: 'written', isNew: position !== undefined && position.commit > before }
  }
  return {
    append: (stream, expected, events) =>
      client.appendToStream(stream, events.map(proposed), { expectedRevision: expected < 0 ? NO_STREAM : BigInt(expected) }).then(answered, refused),
    tombstone: ({ stream }) => client.tombstoneStream(stream).then(answered, refused),
    close: async () => client.dispose(),
  }
}

function refused(error: unknown): Answer {
  if (error instanceof StreamDeletedError) return { kind: 'stream-deleted' }
  if (error instanceof WrongExpectedVersionError) return { kind: 'wrong-revision', current: error.actualVersion === NO_STREAM ? -1 : Number(error.actualVersion) }
  throw error
}

function proposed({ id, type, json, data, metadata }: ExportedEvent): EventData {
  const more = metadata.length > 0 ? { metadata: new Uint8Array(metadata) } : {}
  const value = json ? valueOf(data) : undefined
  return (value ? { id, type, contentType: 'application/json', data: value.value, ...more } : { id, type, contentType: 'application/octet-stream', data: new Uint8Array(data), ...more }) as EventData
}

/** Data that says to be JSON and is not goes over as the bytes that it is. */
function valueOf(data: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: parseExactly(data.toString()) }
  } catch {
    return undefined
  }
}
