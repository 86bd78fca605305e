import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { now } from '../../kernel/testing.ts'
import { day_ms, later } from '../../kernel/time.ts'
import type { DecisionEvent } from './events.ts'
import { Decision } from './events.ts'
import { participation } from './participation.ts'
import { asking, cast, changed, electors, ended, opened, tally, turnout } from './scene.ts'
import { decisionState } from './state.ts'

const [a, b, c, d, e] = electors

t.test('how electors take part is counted month by month', async (t) => {
  const first = asking(opened()).slice(0, 5) as readonly DecisionEvent[]
  const facts: readonly DecisionEvent[] = [
    ...first, cast(a, 'REJECT', tally(0, 1, 0, false)), changed(a, 'APPROVE', 'REJECT', tally(1, 0, 0, false)),
    cast(b, 'APPROVE', tally(3, 0, 0, true), { carries: [{ elector: c, weight: '1' }] }),
    Decision.DecisionExpired(ended(tally(3, 0, 0, true), 'why', { missing: [d, e] })), turnout([a, b, c], [c]),
  ]
  // The end is in another month.
  const at = (revision: number) => (revision < 8 ? now : later(now, 40 * day_ms))
  const row = { month: '2030-01', asked: 1, voted: 0, carried: 0, missed: 0, changed: 0, with_outcome: 0 }
  const late = { ...row, month: '2030-02', asked: 0 }
  picture(t, participation).after(...facts.map((fact, revision) => recorded(decisionState, fact, { revision, at: at(revision) }))).shows(
    { ...row, elector: a, voted: 1, changed: 1 }, { ...row, elector: b, voted: 1 }, { ...row, elector: c }, { ...row, elector: d },
    { ...late, elector: d, missed: 1 }, { ...late, elector: e, missed: 1 }, { ...late, elector: c, carried: 1, with_outcome: 1 },
    { ...late, elector: a, with_outcome: 1 }, { ...late, elector: b, with_outcome: 1 },
  )
})
