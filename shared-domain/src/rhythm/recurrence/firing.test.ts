import t from 'tap'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { uuid5 } from '../../kernel/name-id.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { now, on, subject, uuid } from '../../kernel/testing.ts'
import { later, second_ms } from '../../kernel/time.ts'
import { cancelled, created, owner, registered } from '../../work/task/scene.ts'
import { taskState } from '../../work/task/state.ts'
import { Recurrence } from './events.ts'
import { occurrences } from './occurrences.ts'
import { comingOf, nothing } from '../coming.ts'
import type { Plan } from './plan.ts'
import { recurrences } from './recurrences.ts'
import { ahead, defined, plan, scene, template, tick } from './scene.ts'
import { recurrenceState } from './state.ts'

const taskOf = (nth: number) => uuid5(tick(nth), subject)
const fired = (nth: number, run: number, next: number | null, late_s = 0, over: Partial<Plan> = {}) =>
  Recurrence.RecurrenceFired({ owner, due: tick(nth), task: taskOf(nth), run, late_ms: late_s * second_ms, template, ...ahead(next, over) })
const skipped = (reason: 'late' | 'open', from: number, to: number, next: number | null) =>
  Recurrence.RecurrenceSkipped({ owner, from: tick(from), to: tick(to), missed: to - from + 1, reason, ...ahead(next) })
const ended = (reason: 'runs' | 'until' | 'owner' | 'never') => Recurrence.RecurrenceEnded({ owner, reason, ...nothing })

t.test('R-54 R-51 what is due fires, once, and says what is next', async () => {
  const given = scene(t)(defined())
  given.at(tick(1)).when('fire', { due: tick(1) }).yields(fired(1, 1, 2))
  given.at(later(tick(1), 300_000)).when('fire', { due: tick(1) }).yields(fired(1, 1, 2, 300))
  given.at(tick(1)).when('fire', { due: tick(2) }).changesNothing()
  given.at(tick(1)).when('fire', { due: now }).changesNothing()
  scene(t)().when('fire', { due: tick(1) }).changesNothing()
  scene(t)(defined(), fired(1, 1, 2)).at(tick(2)).when('fire', { due: tick(1) }).changesNothing()
  scene(t)(defined(), fired(1, 1, 2)).at(tick(2)).when('fire', { due: tick(2) }).yields(fired(2, 2, 3))
})

t.test('R-83 a clock that was set back or ahead since the timer was set loses nothing', async () => {
  scene(t)(defined()).at(later(tick(1), -20 * second_ms)).when('fire', { due: tick(1) }).yields(fired(1, 1, 2))
  scene(t)(defined(), fired(1, 1, 2)).at(later(tick(1), -20 * second_ms)).when('fire', { due: tick(2) }).yields(fired(2, 2, 3))
})

t.test('R-54 of what was missed none, the latest or the latest few are made up for', async () => {
  const late = (over: Partial<Plan>, nth = 6, past_s = 301) =>
    scene(t)(defined(over)).at(later(tick(nth), past_s * second_ms)).when('fire', { due: tick(1) })
  late({ catchUp: 'none' }).yields(skipped('late', 1, 6, 7))
  late({ catchUp: 'none' }, 6, 300).yields(skipped('late', 1, 5, 7), fired(6, 1, 7, 300))
  late({ catchUp: 'one' }).yields(skipped('late', 1, 5, 7), fired(6, 1, 7, 301))
  late({ catchUp: 'one' }, 6, 300).yields(skipped('late', 1, 4, 7), fired(5, 1, 7, 900), fired(6, 2, 7, 300))
  late({ catchUp: 'all', catchUpMax: 2 }).yields(skipped('late', 1, 4, 7), fired(5, 1, 7, 901), fired(6, 2, 7, 301))
  late({ catchUp: 'all', catchUpMax: 6 }, 2).yields(fired(1, 1, 3, 901), fired(2, 2, 3, 301))
})

t.test('R-54 after a long outage it catches up step by step, a bounded number of times at once', async () => {
  const over = { catchUp: 'all', catchUpMax: 3 } as const
  const at = later(tick(700), 400 * second_ms)
  scene(t)(defined(over)).at(at).when('fire', { due: tick(1) }).yields(skipped('late', 1, 497, 498))
  scene(t)(defined(over), skipped('late', 1, 497, 498)).at(at).when('fire', { due: tick(498) })
    .yields(skipped('late', 498, 697, 701), ...[698, 699, 700].map((nth, run) => fired(nth, run + 1, 701, 400 + (700 - nth) * 600)))
  scene(t)(defined({ catchUp: 'none' })).at(at).when('fire', { due: tick(1) }).yields(skipped('late', 1, 500, 501))
  const patient = { late_s: 86_400 }
  scene(t)(defined(patient)).at(tick(120)).when('fire', { due: tick(1) })
    .yields(...Array.from({ length: 100 }, (_, index) => fired(index + 1, index + 1, 101, (119 - index) * 600)))
})

t.test('R-54 a time is skipped while the task of the last one is open, or about to be made', async () => {
  const over = { overlap: 'skip', catchUp: 'all' } as const
  const before = [defined(over), on(fired(1, 1, 2), { at: tick(1) })]
  const given = scene(t)(...before)
  const due = { due: tick(2) }
  given.seeing(taskState, taskOf(1), created()).at(tick(2)).when('fire', due).yields(skipped('open', 2, 2, 3))
  given.seeing(taskState, taskOf(1), created(), cancelled()).at(tick(2)).when('fire', due).yields(fired(2, 2, 3))
  given.at(later(tick(1), 299 * second_ms)).when('fire', due).yields(skipped('open', 2, 2, 3))
  given.at(tick(2)).when('fire', due).yields(fired(2, 2, 3))
  given.seeing(taskState, taskOf(1), created()).at(later(tick(4), 400_000)).when('fire', due).yields(skipped('open', 2, 4, 5))
  given.at(later(tick(4), 400_000)).when('fire', due).yields(fired(2, 2, 5, 1_600), skipped('open', 3, 4, 5))
  scene(t)(defined({ overlap: 'skip' })).at(tick(1)).when('fire', { due: tick(1) }).yields(fired(1, 1, 2))
})

t.test('R-50 it ends after so many runs, after so long, or when its owner has left', async () => {
  scene(t)(defined({ maxRuns: 1 })).at(tick(1)).when('fire', { due: tick(1) }).yields(fired(1, 1, null), ended('runs'))
  scene(t)(defined({ maxRuns: 2, catchUp: 'all' })).at(later(tick(3), 400_000)).when('fire', { due: tick(1) })
    .yields(fired(1, 1, null, 1_600), fired(2, 2, null, 1_000), ended('runs'))
  scene(t)(defined({ maxRuns: 1, overlap: 'skip' })).at(tick(2)).when('fire', { due: tick(1) })
    .yields(fired(1, 1, null, 600), ended('runs'))
  scene(t)(defined({ until: tick(2), catchUp: 'all' })).at(tick(3)).when('fire', { due: tick(1) })
    .yields(fired(1, 1, null, 1_200), fired(2, 2, null, 600), ended('until'))
  const left = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
  scene(t)(defined()).seeing(orchestratorState, owner, registered, left).at(tick(1)).when('fire', { due: tick(1) }).yields(ended('owner'))
})

t.test('R-54 what is spread by jitter comes at its own second, and nothing overtakes what is due earlier', async (t) => {
  const coming = (due: string, jitter_s: number) => comingOf(subject, due, jitter_s)
  t.equal(coming(tick(1), 0), tick(1))
  const seconds = Array.from({ length: 50 }, (_, nth) => (Date.parse(coming(tick(nth), 60)) - Date.parse(tick(nth))) / second_ms)
  t.ok(seconds.every((second) => Number.isInteger(second) && second >= 0 && second <= 60))
  t.ok(new Set(seconds).size > 20, 'they differ')
  // The first 32 bits of SHA-256("00000000-0000-7000-8000-000000000001/2030-01-01T00:10:00.000Z"), modulo 3601.
  t.equal(coming(tick(1), 3_600), later(tick(1), 2_349 * second_ms))
  const over = { jitter_s: 3_600 }
  const at = coming(tick(1), 3_600)
  const first = Array.from({ length: 8 }, (_, index) => index + 1).find((nth) => nth > 1 && coming(tick(nth), 3_600) > at)!
  const told = Array.from({ length: first - 1 }, (_, index) => fired(index + 1, index + 1, first, 0, over))
  scene(t)(defined(over)).at(at).when('fire', { due: tick(1) }).yields(...told)
})

t.test('R-50 R-51 the read models show what comes round, and what became of each time', async (t) => {
  const facts = [defined(), fired(1, 1, 2), skipped('late', 2, 4, 5), ended('owner')].map((fact) => recorded(recurrenceState, fact))
  const row = {
    recurrence: subject, owner, title: template.title, template, rule: plan().rule, zone: 'UTC', jitter_s: 0, catch_up: 'one' as const,
    catch_up_max: 10, late_s: 300, overlap: 'allow' as const, max_runs: null, until: null, defined_at: now, reason: null,
  }
  const unused = { state: 'ENABLED' as const, runs: 0, last_due: null, last_task: null }
  picture(t, recurrences).after(facts[0]!).shows({ ...row, ...unused, next: tick(1) })
  const used = { runs: 1, last_due: tick(1), last_task: taskOf(1) }
  picture(t, recurrences).after(...facts.slice(0, 3)).shows({ ...row, ...used, state: 'ENABLED', next: tick(5) })
  picture(t, recurrences).after(...facts).shows({ ...row, ...used, state: 'ENDED', reason: 'owner', next: null })
  const paused = Recurrence.RecurrencePaused({ owner, reason: 'Lent', ...nothing })
  const resumed = Recurrence.RecurrenceResumed({ owner, ...ahead(3) })
  const changed = Recurrence.RecurrenceChanged({ ...plan({ zone: 'Asia/Tokyo' }), ...ahead(2) })
  const others = [defined(), changed, paused, resumed].map((fact) => recorded(recurrenceState, fact))
  picture(t, recurrences).after(...others.slice(0, 3)).matches({ zone: 'Asia/Tokyo', state: 'PAUSED', next: null, reason: 'Lent' })
  picture(t, recurrences).after(...others).matches({ state: 'ENABLED', next: tick(3), reason: null })
  picture(t, occurrences).after(...facts).shows(
    { recurrence: subject, owner, due: tick(1), outcome: 'fired', task: taskOf(1), run: 1, late_ms: 0, until: tick(1), missed: 0 },
    { recurrence: subject, owner, due: tick(2), outcome: 'late', task: null, run: null, late_ms: null, until: tick(4), missed: 3 },
  )
  t.notOk(uuid5(tick(1), subject) === uuid5(tick(1), uuid(2)), 'the same time of another is another task')
})
