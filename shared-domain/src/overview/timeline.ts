import { z } from 'zod'
import { streamOf } from '../kernel/decider.ts'
import { readModel } from '../kernel/read-model.ts'
import { isSealedText } from '../kernel/sealed.ts'
import { Int64, Named, OrchestratorId, StoredInstant } from '../vocabulary.ts'
import { taskState } from '../work/task/state.ts'

export const timeline = readModel({
  name: 'timeline',
  about: 'Everything that happened to a thing, fact by fact.',
  version: 3,
  path: '/timeline',
  row: z.object({
    stream: Named,
    revision: z.int(),
    /** Position of the fact in the log; an answer's own `position` is another thing. */
    log_position: Int64,
    type: z.string(),
    at: StoredInstant,
    by_kind: z.string(),
    by_id: Named,
    imported: z.boolean(),
    summary: z.string(),
    /** The orchestrator that the fact concerns first. */
    recipient: OrchestratorId.nullable(),
  }),
  key: ['stream', 'revision'],
  filters: ['stream', 'type', 'by_id', 'recipient'],
  indexes: [['recipient', 'log_position']],
  isAppendOnly: true,
  aliases: [{
    route: 'GET /tasks/:id/history', without: ['stream'],
    say: ({ id, ...said }) => ({ ...said, stream: streamOf(taskState, String(id)) }),
  }],
  every: ({ category, id, revision, position, type, at, by, imported = false, recipient = null, data }) => [{
    put: {
      stream: `${category}-${id}`, revision, log_position: position, type, at, by_kind: by.kind, by_id: by.id, imported,
      summary: summarised(data), recipient: recipient as OrchestratorId | null,
    },
  }],
})

const summary_max = 500

/** What never leaves the log: the fields that the schemas of the events call secret. */
const secrets = new Set(['hash'])

/** The plain values of a fact, in its own words: `from: TODO, to: ...`. Nested values stay in the log. */
function summarised(data: unknown): string {
  const plain = Object.entries(data as object)
    .filter(([name, value]) => value !== null && typeof value !== 'object' && !secrets.has(name) && !isSealedText(value))
  return plain.map(([name, value]) => `${name}: ${value}`).join(', ').slice(0, summary_max)
}
