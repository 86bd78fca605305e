import { readFileSync } from 'node:fs'
import { priorities } from 'shared-domain/vocabulary.ts'
import { z } from 'zod'
import { Usage } from '../../infra/console/command.ts'
import { isTimeFormat, timeReader } from '../time.ts'
import { zoneOf } from '../zone.ts'
import { isEncoding } from './text.ts'

export const phases = ['open', 'active', 'blocked', 'done', 'cancelled'] as const
export type Phase = (typeof phases)[number]

const Text = z.union([z.string(), z.array(z.string())]).transform((columns) => [columns].flat())

const readInstant = timeReader({ format: 'iso' })

function isInstant(text: string): boolean {
  try {
    return Boolean(readInstant(text))
  } catch {
    return false
  }
}

const Zone = z.string().refine((text) => zoneOf(text) !== undefined, { error: 'is neither an offset such as +01:00 nor an IANA zone' })

const Source = z.object({
  file: z.string().describe('Name of the file in the data folder: CSV with a header line or XES, either also gzipped.'),
  encoding: z.string().refine(isEncoding, { error: 'is no encoding that is known' }).optional()
    .describe('Such as windows-1252 or utf-16le. Else a byte order mark counts, then what an XES says of itself, then UTF-8.'),
  separator: z.string().length(1).optional().describe('Between the values of a CSV; else what makes the header have the columns that are named here.'),
  kind: z.enum(['cases', 'states', 'dependencies']).default('states')
    .describe('What a row says: that a case begins, what it has come to, or what it waits for. A file may be a source of each.'),
  where: z.record(z.string(), z.array(z.string())).default({}).describe('Only rows whose columns have one of these values.'),
  case: z.string().describe('Column that says which case (task) a row is about.'),
  time: z.string().describe('Column with the time of a row.'),
  asOf: z.string().refine(isInstant, { error: 'is no instant such as 2026-01-31T12:00:00Z' }).transform(readInstant).optional().describe('Time of rows in which that column is empty: when the file was written, by when it was so.'),
  format: z.string().refine(isTimeFormat, { error: 'is no format of times' }).default('iso')
    .describe('How times are written: iso (ISO 8601), epoch-seconds, epoch-milliseconds, or a pattern such as dd.MM.yyyy HH:mm:ss.S, d-MMM-yyyy h:mm a, yyyyMMddHHmmX.'),
  zone: Zone.default('Z').describe('Offset, such as +01:00, or IANA zone of times that say none.'),
  zulu: Zone.default('Z').describe('Offset or zone of times that end in Z, where a tool stamped its local time so.'),
  disambiguation: z.enum(['reject', 'earlier', 'later']).default('reject').describe('Which instant is meant by a time that the clocks of the zone show twice.'),
  dependsOn: z.string().optional().describe('For dependencies: column with the case that is waited for.'),
  created: z.string().optional().describe('Column with the time of creation, where it is another than that of the first row.'),
  title: z.string().default('{case}').describe('Title of a task; {column} stands for a value.'),
  owner: Text.default([]).describe('Columns of which the first that is not empty names the owner (a group or a person).'),
  firstOwner: Text.default([]).describe('The same for as long as nobody owns the case.'),
  assignee: Text.default([]),
  priority: z.object({ column: z.string(), values: z.record(z.string(), z.enum(priorities)) }).optional(),
  phase: z.object({
    columns: Text,
    values: z.record(z.string(), z.enum(phases).nullable())
      .describe('By the values of the columns, joined with |: the first that fits, where * at the end fits any rest. Null: says nothing about the phase.'),
  }).optional(),
}).strict().refine(({ kind, dependsOn }) => kind !== 'dependencies' || dependsOn !== undefined, { path: ['dependsOn'], error: 'says which column names the case that is waited for' })

export const Mapping = z.object({
  name: z.string().regex(/^[a-z0-9-]{1,50}$/).describe('Ids are derived from it: the same name again is the same import.'),
  unowned: z.string().default('nobody').describe('Owner of cases that name none.'),
  tolerance_ms: z.int().min(0).max(60_000).default(0).describe('By so much an end may come before its beginning, as with two clocks: it is taken for the same time.'),
  sources: z.array(Source).min(1).max(10),
}).strict()

export type Mapping = z.output<typeof Mapping>
export type Source = z.output<typeof Source>

export function mappingFrom(file: string): Mapping {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    throw new Usage(`The mapping ${file} cannot be read: ${(error as Error).message}.`)
  }
  try {
    return Mapping.parse(JSON.parse(text))
  } catch (error) {
    throw new Usage(`${file} is no mapping: ${error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message}`)
  }
}
