import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, now, subject, tool } from '../../kernel/testing.ts'
import { hour_ms, later, minute_ms } from '../../kernel/time.ts'
import { Task, type TaskEvent } from './events.ts'
import { escalations } from './escalations.ts'
import { cancelled, escalated, other, owner, resolved } from './scene.ts'
import { taskState } from './state.ts'

const steps = [{ people: ['ann'], after_s: 900 }, { people: ['bob'], after_s: 600 }]
const asked = recorded(taskState, escalated('ann', { steps }), { revision: 1 })
const told = (fact: TaskEvent, revision: number, more: object = {}) => recorded(taskState, fact, { revision, by: admin, ...more } as never)
const acknowledged = (person: string | null, level = 1) =>
  Task.TaskEscalationAcknowledged({ owner, escalation: '1', level, person, note: 'soon', raiseAt: null })
const raised = Task.TaskEscalationRaised({ owner: other, escalation: '1', level: 2, people: ['bob'], raiseAt: null })

const fresh = {
  task: subject, revision: 1, owner, severity: 'MEDIUM', reason: 'escalation', to: 'ann', people: [] as string[], steps, cause: 'hand',
  level: 1, state: 'OPEN', acknowledged_by: null, resolved_by: null, resolution: null, at: now, acknowledged_at: null, ended_at: null,
} as const

t.test('W-17 W-18 W-19 an escalation is a row: who is asked, how far it was raised, who answered what', async (t) => {
  const shown = (...facts: readonly ReturnType<typeof told>[]) => picture(t, escalations).after(asked, ...facts)
  shown().shows(fresh)
  const at = later(now, minute_ms)
  const known = { state: 'ACKNOWLEDGED', acknowledged_at: at } as const
  shown(told(acknowledged(null), 2, { at })).shows({ ...fresh, ...known, acknowledged_by: 'ada' })
  shown(told(acknowledged('ann'), 2, { at, by: tool })).shows({ ...fresh, ...known, acknowledged_by: 'ann' })
  shown(told(acknowledged('ann'), 2), told(raised, 3)).shows({ ...fresh, owner: other, level: 2 })
  const end = later(now, hour_ms)
  shown(told(raised, 2), told(resolved({ resolution: 'go on', person: 'bob' }), 3, { at: end })).shows({
    ...fresh, level: 2, state: 'RESOLVED', resolved_by: 'bob', resolution: 'go on', ended_at: end,
  })
  shown(told(cancelled({ from: 'BLOCKED', escalation: '1' }), 2, { at: end })).shows({ ...fresh, state: 'CANCELLED', ended_at: end })
})

t.test('W-17 of what was escalated before there were steps it is shown that nothing is known', async (t) => {
  const old = recorded(taskState, escalated('ann'), { revision: 1 })
  const gone = told(resolved({ escalation: null }), 2)
  picture(t, escalations).after(old, gone, told(cancelled(), 3)).shows({ ...fresh, steps: null, state: 'NONE' })
})
