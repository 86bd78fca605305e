import { readFileSync } from 'node:fs'
import { priorities } from 'shared-domain/vocabulary.ts'
import { z } from 'zod'
import { Usage } from '../../infra/console/command.ts'

export const phases = ['open', 'active', 'blocked', 'done', 'cancelled'] as const
export type Phase = (typeof phases)[number]

const Text = z.union([z.string(), z.array(z.string())]).transform((columns) => [columns].flat())

const Source = z.object({
  file: z.string().describe('Name of the file in the data folder: CSV with a header line or XES, either also gzipped.'),
  kind: z.enum(['cases', 'states', 'dependencies']).default('states')
    .describe('What a row says: that a case begins, what it has come to, or what it waits for. A file may be a source of each.'),
  where: z.record(z.string(), z.array(z.string())).default({}).describe('Only rows whose columns have one of these values.'),
  case: z.string().describe('Column that says which case (task) a row is about.'),
  time: z.string().describe('Column with the time of a row.'),
  asOf: z.string().optional().describe('Time of rows in which that column is empty: when the file was written, by when it was so.'),
  zone: z.string().default('Z').describe('Offset of times that say none, such as +01:00.'),
  zulu: z.string().default('Z').describe('Offset of times that end in Z, where a tool stamped its local time so.'),
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
}).strict()

export const Mapping = z.object({
  name: z.string().regex(/^[a-z0-9-]{1,50}$/).describe('Ids are derived from it: the same name again is the same import.'),
  unowned: z.string().default('nobody').describe('Owner of cases that name none.'),
  sources: z.array(Source).min(1).max(10),
}).strict()

export type Mapping = z.output<typeof Mapping>
export type Source = z.output<typeof Source>

export function mappingFrom(file: string): Mapping {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Usage(`The mapping cannot be read: ${(error as Error).message}.`)
  }
  try {
    return Mapping.parse(JSON.parse(text))
  } catch (error) {
    throw new Usage(`${file} is no mapping: ${error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message}`)
  }
}
