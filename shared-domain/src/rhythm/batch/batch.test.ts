import t from 'tap'
import { uuid5 } from '../../kernel/name-id.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { agent, behaviour, daemon, now, orchestrator, subject, tool, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { days } from '../calendar/slots.ts'
import { isWithin, openingsOf, Window } from '../windows.ts'
import { batches } from './batches.ts'
import { batch } from './decider.ts'
import { Batch, type BatchEvent } from './events.ts'
import { ahead, defined, plan, run, tasks, tick, work } from './scene.ts'
import { batchState } from './state.ts'

const given = (...history: readonly BatchEvent[]) => behaviour(t, batch).given(...history)
const nothing = { next: null, comesAt: null }
const wish = { name: 'Night', command: 'start', select: { tasks } } as const
const every = { cron: '*/10 * * * *', zone: 'UTC' }
const byHand = uuid5(uuid(900), subject)
const launched = (nth: number | null, no: number, next: number | null, id = nth === null ? byHand : uuid5(tick(nth), subject)) =>
  Batch.BatchRunLaunched({ run: id, no, due: nth === null ? null : tick(nth), work, ...ahead(next) })
const skipped = (reason: 'outside_window' | 'already_running' | 'missed', from: number, to: number, next: number | null) =>
  Batch.BatchRunSkipped({ due: tick(from), until: tick(to), missed: to - from + 1, reason, ...ahead(next) })
const counts = { done: 3, unchanged: 0, failed: 0, skipped: 0, unfinished: 0 }
const over = (id: string, next: number | null = 2) => Batch.BatchRunEnded({ run: id, counts, cause: 'finished', ...ahead(next) })
const ended = (reason: 'asked' | 'runs') => Batch.BatchEnded({ reason, ...nothing })
const first = uuid5(tick(1), subject)

t.test('R-70 a batch is defined for a time, or begins at once', async () => {
  given().when('define', { ...wish, when: every }).yields(defined())
  given().by(tool).when('define', { ...wish, when: { at: tick(3) } }).yields(defined({ when: { at: tick(3) } }, 3))
  given().when('define', wish).yields(defined({ when: null }, null), launched(null, 1, null))
  given().when('define', { ...wish, run: false }).yields(defined({ when: null }, null))
  given().when('define', { ...wish, when: every, run: true }).yields(defined(), launched(null, 1, 1))
  given().when('define', { ...wish, maxRuns: 1 }).yields(defined({ when: null, maxRuns: 1 }, null), launched(null, 1, null), ended('runs'))
  for (const by of [orchestrator(uuid(9)), daemon, agent]) given().by(by).when('define', wish).refuses('FORBIDDEN')
  given(defined()).when('define', wish).refuses('ALREADY_EXISTS')
})

t.test('R-70 R-76 what each task is told is checked when a batch is defined, and so is when', async (t) => {
  const refused = (more: object, pointer: string) =>
    given().when('define', { ...wish, ...more } as never).refuses('VALIDATION_ERROR', { errors: [{ pointer }] })
  refused({ command: 'delegate', data: { to: 'nobody' } }, '/data')
  refused({ command: 'edit', data: { priority: 'SOON' } }, '/data')
  refused({ when: { window: true } }, '/windows')
  refused({ when: { cron: '0 0 31 4 *', zone: 'UTC' } }, '/when')
  refused({ when: { cron: '*/4 * * * *', zone: 'UTC' } }, '/when')
  refused({ when: { at: now } }, '/when')
  given(defined(), launched(1, 1, 2)).when('change', { maxRuns: 1 }).refuses('VALIDATION_ERROR', { errors: [{ pointer: '/maxRuns' }] })
  const takes = (more: object) => batch.commands.define.data.safeParse({ ...wish, ...more }).success
  for (const command of ['assign', 'unassign', 'delegate', 'cancel', 'edit', 'retry', 'reopen']) t.ok(takes({ command }), command)
  const bad: readonly object[] = [
    { command: 'complete' }, { select: { tasks: [] } }, { select: { tasks: Array.from({ length: 201 }, () => uuid(1)) } },
    { maxParallel: 51 },
    { select: { filter: {}, limit: 201 } }, { select: { tasks, filter: {} } }, { timeout_s: 59 }, { when: { cron: '@daily', zone: 'UTC' } },
    { windows: Array.from({ length: 6 }, () => ({ start: '22:00', end: '06:00' })) }, { when: { window: true, at: tick(1) } },
  ]
  for (const more of bad) t.notOk(takes(more), JSON.stringify(more).slice(0, 60))
})

t.test('R-70 it changes, rests, goes on and ends', async () => {
  const changed = (more: object, nth: number | null) => Batch.BatchUpdated({ ...plan(more), ...ahead(nth) })
  given(defined()).when('change', {}).changesNothing()
  given(defined()).at(tick(4)).when('change', { maxParallel: 2 }).yields(changed({ maxParallel: 2 }, 1))
  given(defined()).at(tick(4)).when('change', { when: null }).yields(changed({ when: null }, null))
  given(defined()).at(tick(4)).when('change', { when: { at: tick(3) } }).refuses('VALIDATION_ERROR')
  const zoned = { when: { ...every, zone: 'Asia/Tokyo' } }
  given(defined()).at(tick(4)).when('change', zoned).yields(changed(zoned, 5))
  given(defined(), launched(1, 1, 2), over(first)).at(now).when('change', zoned).yields(changed(zoned, 2))
  const rests = Batch.BatchDisabled({ reason: 'Lent', ...nothing })
  given(defined()).when('pause', { reason: 'Lent' }).yields(rests)
  given(defined(), rests).when('pause', {}).changesNothing()
  given(defined(), rests).when('change', { maxParallel: 2 }).yields(changed({ maxParallel: 2 }, null))
  given(defined(), rests).when('run', {}).refuses('INVALID_STATE_TRANSITION', { status: 'PAUSED' })
  given(defined(), rests).at(tick(4)).when('resume', {}).yields(Batch.BatchEnabled(ahead(5)))
  given(defined()).when('resume', {}).changesNothing()
  given(defined()).when('end', {}).yields(ended('asked'))
  given(defined(), ended('asked')).when('end', {}).changesNothing()
  for (const command of ['change', 'pause', 'resume', 'run'] as const) {
    given(defined(), ended('asked')).when(command, {}).refuses('INVALID_STATE_TRANSITION', { status: 'ENDED' })
    given().when(command, {}).refuses('NOT_FOUND')
    given(defined()).by(orchestrator(uuid(9))).when(command, {}).refuses('FORBIDDEN')
  }
  given().when('end', {}).refuses('NOT_FOUND')
})

t.test('R-71 R-77 one run at a time, by hand or at its time', async () => {
  given(defined()).when('run', {}).yields(launched(null, 1, 1))
  given(defined(), launched(null, 1, 1)).when('run', {}).refuses('INVALID_STATE_TRANSITION', { status: 'RUNNING' })
  given(defined(), launched(null, 1, 1), over(byHand, 1)).with({ commandId: uuid(901) }).when('run', {})
    .yields(launched(null, 2, 1, uuid5(uuid(901), subject)))
  const launch = (nth: number, ...history: readonly BatchEvent[]) =>
    given(...history).at(tick(nth)).when('launch', { due: tick(nth) })
  launch(1, defined()).yields(launched(1, 1, 2))
  launch(2, defined()).changesNothing()
  launch(2, defined(), launched(1, 1, 2)).yields(skipped('already_running', 2, 2, 3))
  launch(2, defined(), launched(1, 1, 2), over(first)).yields(launched(2, 2, 3))
  launch(1, defined({ maxRuns: 1 })).yields(launched(1, 1, null), ended('runs'))
  launch(3, defined({ when: { at: tick(3) } }, 3)).yields(launched(3, 1, null))
  const end = { run: first, counts, cause: 'finished' } as const
  given(defined(), launched(1, 1, 2)).when('runEnded', end).yields(over(first))
  given(defined(), launched(1, 1, 2)).when('runEnded', { ...end, run }).changesNothing()
  given().when('runEnded', end).changesNothing()
})

t.test('R-71 R-83 what was missed is skipped, or the latest made up for', async () => {
  const late = (more: object) => given(defined(more)).at(later(tick(4), 301_000)).when('launch', { due: tick(1) })
  late({}).yields(skipped('missed', 1, 4, 5))
  late({ catchUp: 'one' }).yields(skipped('missed', 1, 3, 5), launched(4, 1, 5))
  given(defined({ catchUp: 'one' })).at(tick(4)).when('launch', { due: tick(1) })
    .yields(skipped('missed', 1, 2, 5), launched(3, 1, 5), skipped('already_running', 4, 4, 5))
  given(defined()).at(later(tick(1), -20_000)).when('launch', { due: tick(1) }).yields(launched(1, 1, 2))
})

t.test('R-77 R-76 runs begin within windows alone, or whenever one opens', async (t) => {
  const windows = [Window.parse({ start: '00:10', end: '00:30' })]
  given(defined({ windows })).at(tick(1)).when('launch', { due: tick(1) }).yields(Batch.BatchRunLaunched({ ...launched(1, 1, 2).data }))
  given(defined({ windows }, 3)).at(tick(3)).when('launch', { due: tick(3) }).yields(skipped('outside_window', 3, 3, 4))
  given(defined({ windows })).when('run', {}).refuses('INVALID_STATE_TRANSITION', { status: 'OUTSIDE_WINDOW' })
  given().when('define', { ...wish, windows }).refuses('INVALID_STATE_TRANSITION', { status: 'OUTSIDE_WINDOW' })
  given().when('define', { ...wish, windows, when: { window: true } }).yields(defined({ windows, when: { window: true } }))
  const night = [
    Window.parse({ days: ['SUNDAY'], start: '22:00', end: '06:00' }), Window.parse({ days: ['MONDAY'], start: '24:00', end: '24:00' }),
  ]
  const open = (at: string) => isWithin(night, 'Europe/Berlin', at)
  const expected = [
    ['2026-03-22T20:59:59.999Z', false], ['2026-03-22T21:00:00.000Z', true], ['2026-03-23T04:59:59.999Z', true],
    ['2026-03-23T05:00:00.000Z', false], ['2026-03-24T12:00:00.000Z', true], ['2026-03-29T20:00:00.000Z', true],
  ] as const
  for (const [at, is] of expected) t.equal(open(at), is, at)
  t.strictSame(openingsOf(night), ['0 22 * * 0', '0 0 * * 2'])
  t.ok(isWithin([], 'UTC', now))
  t.strictSame(Window.parse({ start: '00:00', end: '24:00' }).days, days)
})

t.test('R-70 R-71 the read model shows what is done when, and whether a run is under way', async (t) => {
  const facts = [defined(), launched(1, 1, 2), skipped('already_running', 2, 3, 4), over(first, 4), ended('asked')]
    .map((fact) => recorded(batchState, fact))
  const { maxParallel: max_parallel, stopOnFailure: stop_on_failure, catchUp: catch_up, maxRuns: max_runs, ...same } = plan()
  const row = { batch: subject, ...same, max_parallel, stop_on_failure, catch_up, max_runs, defined_at: now, reason: null }
  const unused = { runs: 0, run: null, running: false, skipped: 0, skipped_reason: null }
  picture(t, batches).after(facts[0]!).shows({ ...row, ...unused, state: 'ENABLED', next: tick(1) })
  const used = { runs: 1, run: first, running: true, skipped: 2, skipped_reason: 'already_running' }
  picture(t, batches).after(...facts.slice(0, 3)).shows({ ...row, ...used, state: 'ENABLED', next: tick(4) })
  picture(t, batches).after(...facts).shows({ ...row, ...used, running: false, state: 'ENDED', next: null, reason: 'asked' })
  const others = [
    defined(), Batch.BatchUpdated({ ...plan({ name: 'Day' }), ...ahead(2) }), Batch.BatchDisabled({ reason: 'Lent', ...nothing }),
    Batch.BatchEnabled(ahead(3)),
  ].map((fact) => recorded(batchState, fact))
  picture(t, batches).after(...others.slice(0, 3)).matches({ name: 'Day', state: 'PAUSED', next: null, reason: 'Lent' })
  picture(t, batches).after(...others).matches({ state: 'ENABLED', next: tick(3), reason: null })
})
