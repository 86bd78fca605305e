import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { DecisionId, StoredInstant } from '../../vocabulary.ts'
import type { DecisionEvent } from './events.ts'

const row = z.object({
  decision: DecisionId,
  revision: z.int(),
  by: z.string(),
  side: z.enum(['for', 'against', 'neutral']).nullable(),
  text: z.string(),
  /** Said after the end by an elector that did not vote for the outcome. */
  dissent: z.boolean(),
  at: StoredInstant,
})

const at = (id: string) => id as z.output<typeof DecisionId>

const project: Project<typeof row, 'decision' | 'revision', DecisionEvent> = {
  ArgumentGiven: ({ id, revision, at: said, data: { elector: by, side, text } }) =>
    [{ put: { decision: at(id), revision, by, side, text, dissent: false, at: said } }],
  DissentRecorded: ({ id, revision, at: said, data: { elector: by, text } }) =>
    [{ put: { decision: at(id), revision, by, side: null, text, dissent: true, at: said } }],
}

export const argumentsGiven = readModel({
  name: 'argument',
  about: 'What was argued while a question was open, and who dissented from its outcome.',
  version: 1,
  path: '/arguments',
  row,
  key: ['decision', 'revision'],
  filters: ['decision', 'by'],
  project,
})
