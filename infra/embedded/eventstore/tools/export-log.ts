import { BACKWARDS, END, type EventStoreDBClient, FORWARDS, START, type AllStreamRecordedEvent } from '@eventstore/db-client'
import { deletedBefore } from '../storage/stream-metadata.ts'
import { readRecord } from '../wire/recorded-event.ts'
import { eventsUntil, timeOf } from './check-log.ts'
import { tombstoneRevision, type ExportedEvent } from './ndjson.ts'
import type { StoppedLog } from './stopped.ts'

/** Every event of a stopped log up to a position, byte for byte. */
export function* exportFolder(log: StoppedLog, end: number): Generator<ExportedEvent> {
  for (const event of eventsUntil(log, end)) yield exported(event)
}

function exported(event: ReturnType<typeof readRecord>): ExportedEvent {
  const { stream, id, type, json, position, data, metadata } = event
  return { stream, revision: event.revision > Number.MAX_SAFE_INTEGER ? -1 : Number(event.revision), id, type, json, created: timeOf(event), position: String(position), data, metadata }
}

/** Position of the last event that a server holds. */
export async function lastPosition(client: EventStoreDBClient): Promise<bigint> {
  let last = 0n
  // Read to its end: a client waits, when it is disposed of, for a read that was left.
  for await (const { event } of client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })) last = event?.position.commit ?? 0n
  return last
}

/** Every event that a server has now, as its client gives them: JSON was parsed, and is written anew. */
export async function* exportServer(client: EventStoreDBClient): AsyncGenerator<ExportedEvent> {
  for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START, resolveLinkTos: false })) if (event) yield fromClient(event)
}

function fromClient({ streamId, revision, id, type, isJson, created, position, data, metadata }: AllStreamRecordedEvent): ExportedEvent {
  const written = (value: unknown): Buffer => {
    if (value === undefined || value === '') return Buffer.alloc(0)
    return value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value))
  }
  const json = type === '$metadata' ? exactMetadata(written(data)) : written(data)
  return {
    stream: streamId, revision: String(revision) === tombstoneRevision ? -1 : Number(revision), id, type, json: isJson, created: created.toISOString(), position: String(position.commit),
    data: json, metadata: written(metadata),
  }
}

/** The `$tb` of a soft-deleted stream has become another number on its way through the client, and must not stay so. */
const exactMetadata = (data: Buffer): Buffer => Buffer.from(data.toString().replace(/"\$tb":9223372036854776000(?=[,}])/, `"$tb":${deletedBefore}`))
