import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import type { OlderWords } from '../../kernel/decider.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { keys } from './keys.ts'

const Seen = keys.row.pick({ key: true, expires_at: true })
type Seen = { readonly key: string; readonly expires_at: string | null }

/** Of keys that were not revoked: expired ones may come first. */
const seen_max = 200

/** Older words knew one key of an orchestrator: the newest of its own that is valid. */
export const newestAs = (name: string): NonNullable<OlderWords['finds']> => ({
  rows: ({ orchestrator }) => rowsOf(keys, {
    columns: columnsIn(Seen), order: ['created_at'], descending: true, limit: seen_max,
    where: { orchestrator: orchestrator as OrchestratorId, agent: null, daemon: null, revoked_at: null },
  }),
  says(rows: readonly Seen[], at) {
    const newest = rows.find(({ expires_at: end }) => end === null || end > at)
    return newest && { [name]: newest.key }
  },
})
