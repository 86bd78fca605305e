import t from 'tap'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { groundsOf } from '../../kernel/grounds.ts'
import { agent, behaviour, daemon, now, on, orchestrator as himself, tool, uuid } from '../../kernel/testing.ts'
import { elsewhere, other, owner, registered } from '../../work/task/scene.ts'
import { recurrence } from './decider.ts'
import { Recurrence } from './events.ts'
import { nothing } from '../coming.ts'
import { ahead, defined, nobodyElse, plan, scene, template, tick } from './scene.ts'

const wish = { owner, template: { title: 'Count the boats' }, rule: { kind: 'CRON', cron: '*/10 * * * *' } } as const
const paused = Recurrence.RecurrencePaused({ owner, reason: null, ...nothing })
const over = (reason: 'asked' | 'until') => Recurrence.RecurrenceEnded({ owner, reason, ...nothing })
const changed = (more: object, nth: number | null = 1) => Recurrence.RecurrenceChanged({ ...plan(more), ...ahead(nth, more) })

t.test('R-50 a task comes round as it is defined, with what is usual where nothing is said', async () => {
  scene(t)().when('define', wish).yields(defined())
  scene(t)().by(himself(owner)).when('define', wish).yields(defined())
  scene(t)().by(daemon, owner).when('define', wish).yields(defined())
  const here = on(registered, {})
  const berlin = { ...here, data: { ...here.data, timezone: 'Europe/Berlin' } }
  const daily = { kind: 'DAILY', time: '12:00' } as const
  const { grounds } = defined().data
  const next = (hour: string) => ({ next: `2030-01-01T${hour}:00:00.000Z`, comesAt: `2030-01-01T${hour}:00:00.000Z` })
  const there = behaviour(t, recurrence).given().seeing(orchestratorState, owner, berlin).with({ grounds: nobodyElse })
  there.when('define', { ...wish, rule: daily })
    .yields(Recurrence.RecurrenceDefined({ ...plan({ rule: daily, zone: 'Europe/Berlin' }), ...next('11'), grounds }))
  there.when('define', { ...wish, rule: daily, zone: 'Asia/Tokyo' })
    .yields(Recurrence.RecurrenceDefined({ ...plan({ rule: daily, zone: 'Asia/Tokyo' }), ...next('03'), grounds }))
})

t.test('R-50 only the orchestrator, its daemons and admins may, for one that is there', async (t) => {
  for (const by of [himself(other), tool, agent]) {
    scene(t)().by(by).when('define', wish).refuses('FORBIDDEN')
    for (const command of ['pause', 'resume', 'end', 'change'] as const) {
      scene(t)(defined()).by(by).when(command, {}).refuses('FORBIDDEN')
      scene(t)(defined(), over('asked')).by(by).when(command, {}).refuses('FORBIDDEN')
    }
  }
  behaviour(t, recurrence).given().when('define', wish).refuses('NOT_FOUND')
  behaviour(t, recurrence).given().seeing(orchestratorState, owner, elsewhere).when('define', wish).refuses('NOT_FOUND')
  const left = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
  scene(t)().seeing(orchestratorState, owner, registered, left).when('define', wish).refuses('INVALID_STATE_TRANSITION')
  scene(t)(defined()).when('define', wish).refuses('ALREADY_EXISTS')
  for (const command of ['pause', 'resume', 'end', 'change'] as const) scene(t)().when(command, {}).refuses('NOT_FOUND')
})

t.test('R-50 an organization has two hundred, by rows', async () => {
  const others = (count: number) => ({ grounds: groundsOf({ others: [{ count }] }, '7') })
  scene(t)().with(others(200)).when('define', wish).refuses('LIMIT_REACHED', { max: 200 })
  const cited = { position: '7', digest: others(199).grounds.digest }
  scene(t)().with(others(199)).when('define', wish).yields(Recurrence.RecurrenceDefined({ ...defined().data, grounds: cited }))
})

t.test('R-50 nothing is defined that is never due, too often, or over before it begins', async (t) => {
  const refused = (more: object, pointer: string) =>
    scene(t)().when('define', { ...wish, ...more } as never).refuses('VALIDATION_ERROR', { errors: [{ pointer }] })
  refused({ rule: { kind: 'CRON', cron: '0 0 31 4 *' } }, '/rule')
  refused({ rule: { kind: 'CRON', cron: '*/4 * * * *' } }, '/rule')
  refused({ until: '2030-01-01T00:09:59Z' }, '/until')
  scene(t)().when('define', { ...wish, until: tick(1) }).yields(defined({ until: tick(1) }))
  const takes = (more: object) => recurrence.commands.define.data.safeParse({ ...wish, ...more }).success
  const bounds: readonly (readonly [object, object])[] = [
    [{ jitter_s: 3_600 }, { jitter_s: 3_601 }], [{ catchUpMax: 100 }, { catchUpMax: 101 }], [{ late_s: 86_400 }, { late_s: 86_401 }],
    [{ maxRuns: 1 }, { maxRuns: 0 }], [{ zone: 'Africa/Cairo' }, { zone: '+02:00' }], [{ catchUp: 'all' }, { catchUp: 'some' }],
    [{ template: { title: 'x'.repeat(200) } }, { template: { title: 'x'.repeat(201) } }],
    [{ template: { title: 'x', dueAfter_s: 60 } }, { template: { title: 'x', dueAfter_s: 59 } }],
    [{ template: { title: 'x', description: 'x'.repeat(2_000) } }, { template: { title: 'x', description: 'x'.repeat(2_001) } }],
    [{ template: { title: 'x', tags: ['x'] } }, { template: { title: 'x', requiredCapabilities: Array(50).fill('ü'.repeat(100)) } }],
  ]
  for (const [good, bad] of bounds) {
    t.ok(takes(good), JSON.stringify(good).slice(0, 60))
    t.notOk(takes(bad), JSON.stringify(bad).slice(0, 60))
  }
})

t.test('R-50 it goes on otherwise when it is changed', async () => {
  const given = scene(t)(defined())
  given.when('change', {}).changesNothing()
  given.when('change', { late_s: 300 }).changesNothing()
  given.when('change', { late_s: 60, maxRuns: 3 }).yields(changed({ late_s: 60, maxRuns: 3 }))
  given.at(tick(5)).when('change', { jitter_s: 60 }).yields(changed({ jitter_s: 60 }))
  const rule = { kind: 'CRON', cron: '*/20 * * * *' } as const
  given.when('change', { rule }).yields(changed({ rule }, 2))
  given.at(tick(5)).when('change', { rule }).yields(changed({ rule }, 6))
  const title = 'Count the crates'
  given.when('change', { template: { title } }).yields(changed({ template: { ...template, title } }))
  given.when('change', { until: now }).refuses('VALIDATION_ERROR', { errors: [{ pointer: '/until' }] })
  given.when('change', { rule: { kind: 'CRON', cron: '0 0 31 4 *' } }).refuses('VALIDATION_ERROR', { errors: [{ pointer: '/rule' }] })
  scene(t)(defined(), paused).when('change', { rule }).yields(changed({ rule }, null))
  const fired = Recurrence.RecurrenceFired({ owner, due: tick(1), task: uuid(5), run: 1, late_ms: 0, template, ...ahead(2) })
  scene(t)(defined(), fired).when('change', { maxRuns: 1 }).refuses('VALIDATION_ERROR', { errors: [{ pointer: '/maxRuns' }] })
  scene(t)(defined(), fired).at(now).when('change', { zone: 'Europe/London' }).yields(changed({ zone: 'Europe/London' }, 2))
})

t.test('R-50 it pauses, goes on from then on, and ends once', async () => {
  scene(t)(defined()).when('pause', {}).yields(paused)
  scene(t)(defined()).when('resume', {}).changesNothing()
  scene(t)(defined(), paused).at(tick(4)).when('resume', {}).yields(Recurrence.RecurrenceResumed({ owner, ...ahead(5) }))
  scene(t)(defined({ until: tick(3) }), paused).at(tick(4)).when('resume', {}).yields(over('until'))
  scene(t)(defined()).when('end', {}).yields(over('asked'))
  scene(t)(defined(), paused).when('end', {}).yields(over('asked'))
  scene(t)(defined(), over('asked')).when('end', {}).changesNothing()
  for (const command of ['pause', 'resume', 'change'] as const)
    scene(t)(defined(), over('asked')).when(command, {}).refuses('INVALID_STATE_TRANSITION', { status: 'ENDED' })
})
