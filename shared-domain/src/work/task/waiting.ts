import { decisions } from '../../council/decision/decisions.ts'
import { settingOf } from '../../fleet/organization/settings.ts'
import { criterion, type Asking, type First, type Standing } from '../../kernel/choice.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { text } from '../../vocabulary.ts'

/** What the choices among waiting tasks have in common. */

/** Tasks none of whose approvals is missing. */
export const approved: Standing = { column: 'approvals', in: decisions, where: { status: ['approved', 'cancelled'] } }

/** What has waited for as long as the organization lets anything wait comes first, and whoever waited longest first of all (W-32). */
export const waitedLong = (asking: Asking): First => ({
  meets: [{ column: 'waiting_since', atMost: later(asking.at, -settingOf(asking, 'maxWait_h') * hour_ms) }],
  order: ['waiting_since'],
})

export const workspace = criterion({
  about: 'Of this workspace.', schema: text(100), asks: (workspace) => [{ column: 'workspace', among: [workspace] }],
})
