import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { now } from '../../kernel/testing.ts'
import { day_ms, later } from '../../kernel/time.ts'
import type { TaskEvent } from './events.ts'
import { performance } from './performance.ts'
import { cancelled, completed, created, delegated, failed, handedOff, other, owner, started, token } from './scene.ts'
import { taskState } from './state.ts'

const none = {
  created: 0, started: 0, completed: 0, failed: 0, cancelled: 0, on_time: 0, total_duration_ms: 0, delegated_in: 0, delegated_out: 0,
  handed_in: 0, handed_out: 0,
}
const after = (at: string, ...facts: readonly TaskEvent[]) => facts.map((fact, revision) => recorded(taskState, fact, { revision, at }))

t.test('each day of an orchestrator is counted by itself', async (t) => {
  const handed = handedOff()
  const done = [completed(token, { durationMs: 5_000 }), completed(token, { durationMs: 7_000, onTime: false })]
  picture(t, performance).after(
    ...after(later(now, day_ms - 1), created(), created(), started(), failed(0), cancelled()),
    ...after(later(now, day_ms), ...done, delegated(other), handed),
  ).shows(
    { orchestrator: owner, day: '2030-01-01', ...none, created: 2, started: 1, failed: 1, cancelled: 1 },
    {
      orchestrator: owner, day: '2030-01-02', ...none, completed: 2, on_time: 1, total_duration_ms: 12_000, delegated_out: 1, handed_out: 1,
    },
    { orchestrator: other, day: '2030-01-02', ...none, delegated_in: 1, handed_in: 1 },
  )
})
