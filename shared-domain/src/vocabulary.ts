import { z } from 'zod'
import { isZone } from './kernel/time.ts'

/** However it is written, an id is kept in small letters: compared as text it is one. */
export const Id = z.uuid().toLowerCase()
export const TaskId = Id.brand('TaskId')
export const OrchestratorId = Id.brand('OrchestratorId')
export const AgentId = Id.brand('AgentId')
export const DecisionId = Id.brand('DecisionId')
export const CommandId = Id.brand('CommandId')

export type TaskId = z.output<typeof TaskId>
export type OrchestratorId = z.output<typeof OrchestratorId>
export type AgentId = z.output<typeof AgentId>
export type DecisionId = z.output<typeof DecisionId>
export type CommandId = z.output<typeof CommandId>

/** UTC ISO 8601 with milliseconds, as it stands in facts and rows: of the years 0001 to 9999, which every store of rows knows. */
export const StoredInstant = z.iso.datetime({ precision: 3 })
  .refine((text) => !text.startsWith('0000'), { error: 'is not within the years 0001 to 9999' })

/** The same, read with any precision and offset: what counts is the year that it is in UTC. */
export const Instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString()).pipe(StoredInstant)

/** An instant that people wait for. The zero times of many programs, of year 1, mean that nobody said one: they are no due times. */
export const DueInstant = Instant.refine((text) => text >= '1970', { error: 'is before 1970: leave it out where there is none' })

/** A 64-bit number, which JSON numbers cannot hold: a string of digits. */
export const Int64 = z.string().regex(/^\d{1,19}$/).meta({ sql: 'bigint' })

export const TimeZone = z.string().max(64).refine(isZone, { error: 'is not an IANA time zone' })

export const priorities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const
export const Priority = z.enum(priorities)
export type Priority = z.output<typeof Priority>

/** The text, with an id at its end in small letters: the name of a stream, or of somebody who may be an orchestrator. */
export const withPlainId = (text: string): string =>
  text.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, (id) => id.toLowerCase())

/** A column that holds such a text. */
export const Named = z.string().overwrite(withPlainId)

export const StreamName = z.string().min(1).max(500).overwrite(withPlainId)

/** Somebody by an id or another name. */
export const Who = z.string().trim().min(1).max(200).overwrite(withPlainId)

const bytes = new TextEncoder()

/** What a refinement says of something that is too large. */
export const atMost = (bytes_max: number) => [
  (value: unknown) => bytes.encode(JSON.stringify(value)).length <= bytes_max, { error: `is larger than ${bytes_max} bytes as JSON` },
] as const

/** A JSON object of at most so many bytes. */
export const jsonObject = (bytes_max: number) => z.record(z.string(), z.json()).refine(...atMost(bytes_max))

/** Any JSON of at most so many bytes. */
export const json = (bytes_max: number) => z.json().refine(...atMost(bytes_max))

/** What a caller may attach to something, unread by Baton. */
export const Metadata = jsonObject(16 * 1024)

export const text = (length_max: number) => z.string().trim().min(1).max(length_max)
