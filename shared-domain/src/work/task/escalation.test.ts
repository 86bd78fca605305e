import fc from 'fast-check'
import t from 'tap'
import { admin, agent, now, on, orchestrator, replay, system, tool } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later, minute_ms } from '../../kernel/time.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  assigned, blocked, created, escalated, lease, other, owner, resolved, running, scene, seed, started, third, token,
} from './scene.ts'
import { stepsOf } from './ladder.ts'
import { taskState } from './state.ts'

const [bob, all] = [{ people: ['bob'], after_s: 600 }, { people: ['admins'], after_s: 900 }]
const ladder = [bob, all]
const toAdmins = [all]
const ann = { people: ['ann'], after_s: 900 }
const toAnn = (over: object = {}) => escalated('ann', { reason: 'why', steps: [ann, ...ladder], ...over })

t.test('S-10 W-17 an escalated task waits, and is not escalated twice', async (t) => {
  const fact = (over = {}) => escalated(null, { reason: 'why', steps: toAdmins, ...over })
  scene(t)(created()).when('escalate', { reason: 'why' }).yields(fact())
  scene(t)(...running).by(orchestrator(owner)).when('escalate', { reason: 'why', severity: 'HIGH', to: 'grace', context: { tried: 3 } })
    .yields(fact({
      from: 'IN_PROGRESS', severity: 'HIGH', to: 'grace', context: { tried: 3 }, lease: lease(token),
      steps: [{ people: ['grace'], after_s: 900 }],
    }))
  scene(t)(created(), fact()).when('escalate', { reason: 'why' }).changesNothing()
  const others = [{ reason: 'another' }, { severity: 'HIGH' as const }, { to: 'grace' }, { context: { tried: 3 } }, { people: ['bob'] }]
  for (const other of others)
    scene(t)(created(), fact()).when('escalate', { reason: 'why', ...other }).refuses('ALREADY_ESCALATED', { reason: 'why' })
})

t.test('W-17 what is blocked by hand or gave up is escalated, too, but not what waits for others', async (t) => {
  for (const kind of ['manual', 'failure'] as const)
    scene(t)(created(), blocked(kind)).when('escalate', { reason: 'why' })
      .yields(escalated(null, { from: 'BLOCKED', reason: 'why', steps: toAdmins }))
  scene(t)(created(), blocked('dependencies')).when('escalate', { reason: 'why' }).refuses('INVALID_STATE_TRANSITION')
})

t.test('W-17 the owner and whoever holds the lease escalate', async (t) => {
  const led = scene(t)(created(), assigned(`orchestrator:${other}`), started({ holder: other }))
  for (const by of [orchestrator(owner), orchestrator(other)])
    led.by(by).when('escalate', { reason: 'why' }).yields(escalated(null, {
      from: 'IN_PROGRESS', reason: 'why', steps: toAdmins, lease: lease('2', { holder: other } as never),
    }))
  for (const by of [orchestrator(third), agent]) led.by(by).when('escalate', { reason: 'why' }).refuses('INVALID_OWNERSHIP')
})

t.test('W-17 the sixth escalation within 24 hours is for admins', async (t) => {
  const times = (count: number, at = now) =>
    Array.from({ length: count }, (): TaskEvent[] => [on(escalated(), { at }), on(resolved(), { at })]).flat()
  const fact = escalated(null, { reason: 'why', steps: toAdmins })
  const given = scene(t)(created(), ...times(5)).by(orchestrator(owner))
  given.at(later(now, day_ms - 1)).when('escalate', { reason: 'why' }).refuses('ESCALATION_LIMIT', { escalations: 5, within: 'P1D' })
  given.at(later(now, day_ms)).when('escalate', { reason: 'why' }).yields(fact)
  given.by(admin).when('escalate', { reason: 'why' }).yields(fact)
  scene(t)(created(), ...times(4)).by(orchestrator(owner)).when('escalate', { reason: 'why' }).yields(fact)
})

t.test('W-47 who is asked in turn: who is named, then whom the organization names, else its admins', async (t) => {
  t.strictSame(stepsOf(null, [], []), [all])
  t.strictSame(stepsOf(null, [], ladder), ladder)
  t.strictSame(stepsOf('ann', ['bob', 'ann'], ladder), [{ people: ['ann', 'bob'], after_s: 900 }, ...ladder])
  t.strictSame(stepsOf(null, ['bob'], []), [{ people: ['bob'], after_s: 900 }])
  t.equal(stepsOf('ann', [], [all, all, all, all, all]).length, 5, 'four of the organization')
  t.equal(stepsOf(null, [], [all, all, all, all, all]).length, 5)
  scene(t)(created()).with({ settings: { escalationLadder: ladder } }).when('escalate', { reason: 'why', to: 'ann' }).yields(toAnn())
})

const acknowledged = (over: object = {}) => Task.TaskEscalationAcknowledged({
  owner, escalation: '1', level: 1, person: null, note: null, raiseAt: later(now, day_ms), ...over,
} as never)
const raised = (level: number, people: string[], raiseAt: string | null) =>
  Task.TaskEscalationRaised({ owner, escalation: '1', level, people, raiseAt })

t.test('W-18 an escalation is acknowledged once a step', async (t) => {
  const given = scene(t)(created(), toAnn())
  given.when('acknowledgeEscalation', { note: 'soon' }).yields(acknowledged({ note: 'soon' }))
  given.with({ settings: { escalationResolve_s: 60 } }).when('acknowledgeEscalation', {})
    .yields(acknowledged({ raiseAt: later(now, minute_ms) }))
  scene(t)(created(), toAnn(), acknowledged()).when('acknowledgeEscalation', { person: 'bob', note: 'me' }).changesNothing()
  const asked = [created(), toAnn(), acknowledged(), raised(2, ['bob'], later(now, 10 * minute_ms))]
  scene(t)(...asked).when('acknowledgeEscalation', { person: 'bob' }).yields(acknowledged({ level: 2, person: 'bob' }))
  const last = [created(), escalated(null, { steps: toAdmins })]
  scene(t)(...last).when('acknowledgeEscalation', {}).yields(acknowledged({ raiseAt: null }))
  scene(t)(created()).when('acknowledgeEscalation', {}).refuses('INVALID_STATE_TRANSITION')
  scene(t)(created(), blocked('manual')).when('acknowledgeEscalation', {}).refuses('INVALID_STATE_TRANSITION')
})

t.test('W-18 W-47 the next are asked when it is time, one step after the other', async (t) => {
  const given = scene(t)(created(), toAnn()).by(system)
  const at = later(now, 15 * minute_ms)
  const next = { escalation: '1', level: 2 }
  given.at(later(at, -1)).when('raise', next).changesNothing()
  given.at(at).when('raise', next).yields(raised(2, ['bob'], later(at, 10 * minute_ms)))
  given.at(at).when('raise', { ...next, escalation: '2' }).changesNothing()
  given.at(at).when('raise', { ...next, level: 3 }).changesNothing()
  const onBob = scene(t)(created(), toAnn(), raised(2, ['bob'], later(at, 10 * minute_ms))).by(system)
  onBob.at(later(at, 10 * minute_ms)).when('raise', { escalation: '1', level: 3 }).yields(raised(3, ['admins'], null))
  onBob.at(later(at, day_ms)).when('raise', next).changesNothing()
  const told = scene(t)(created(), toAnn(), acknowledged()).by(system)
  told.at(at).when('raise', next).changesNothing()
  told.at(later(now, day_ms)).when('raise', next).yields(raised(2, ['bob'], later(now, day_ms + 10 * minute_ms)))
  scene(t)(created(), toAnn(), raised(2, ['bob'], null), raised(3, ['admins'], null)).by(system).at(later(now, 9 * day_ms))
    .when('raise', { escalation: '1', level: 4 }).changesNothing()
  scene(t)(created(), toAnn(), resolved()).by(system).at(at).when('raise', next).changesNothing()
  scene(t)(created(), escalated()).by(system).at(at).when('raise', next).changesNothing()
})

t.test('S-11 W-19 W-47 an escalation is answered by an admin, whom it was put to, or a tool for who was asked by now', async (t) => {
  const said = { resolution: 'go on' }
  const gone = resolved(said)
  for (const by of [admin, system, orchestrator(other)])
    scene(t)(created(), escalated(other)).by(by).when('resolveEscalation', said).yields(gone)
  for (const by of [orchestrator(owner), orchestrator(third), tool])
    scene(t)(created(), escalated(other)).by(by).when('resolveEscalation', said).refuses('FORBIDDEN')
  scene(t)(created(), escalated()).by(orchestrator(owner)).when('resolveEscalation', said).refuses('FORBIDDEN')
  const given = scene(t)(created(), toAnn())
  given.by(tool).when('resolveEscalation', { ...said, person: 'ann' }).yields(resolved({ ...said, person: 'ann' }))
  given.by(tool).when('acknowledgeEscalation', { person: 'ann' }).yields(acknowledged({ person: 'ann' }))
  for (const command of ['acknowledgeEscalation', 'resolveEscalation'] as const) {
    for (const person of ['bob', undefined]) given.by(tool).when(command, { ...said, person }).refuses('FORBIDDEN')
    given.by(orchestrator(owner)).when(command, { ...said, person: 'ann' }).refuses('FORBIDDEN')
    given.by(agent).when(command, { ...said, person: 'ann' }).refuses('FORBIDDEN')
  }
  const onBob = scene(t)(created(), toAnn(), raised(2, ['bob'], null))
  for (const person of ['ann', 'bob'])
    onBob.by(tool).when('resolveEscalation', { ...said, person }).yields(resolved({ ...said, person }))
  const onAll = scene(t)(created(), escalated(null, { steps: toAdmins }))
  onAll.by(tool).when('resolveEscalation', { ...said, person: 'admins' }).refuses('FORBIDDEN')
})

t.test('W-48 what is overdue is escalated once a deadline, where the organization wants that', async (t) => {
  const deadline = later(now, hour_ms)
  const violated = Task.TaskSlaViolated({
    owner, slaDeadline: deadline, overdue_ms: 1, status: 'TODO', priority: 'HIGH', assignee: null,
    work: { priority: 'HIGH', createdAt: now, dueAt: null, skill: 'none', wait_ms: 0, failures: 0, moves: 0 },
  })
  const wish = { slaDeadline: deadline }
  const late = created({ priority: 'HIGH', slaDeadline: deadline, slaGiven: true })
  const fact = (over: object = {}) => escalated(null, {
    reason: 'the deadline has passed', severity: 'HIGH', context: { slaDeadline: deadline }, steps: toAdmins, cause: 'sla', ...over,
  })
  const given = (...facts: readonly TaskEvent[]) => scene(t)(late, ...facts).with({ settings: { slaEscalates: true } }).by(system)
  given(violated).when('escalateOverdue', wish).yields(fact())
  given(blocked('failure'), violated).when('escalateOverdue', wish).yields(fact({ from: 'BLOCKED' }))
  scene(t)(late, violated).by(system).when('escalateOverdue', wish).changesNothing()
  given().when('escalateOverdue', wish).changesNothing()
  given(violated).when('escalateOverdue', { slaDeadline: now }).changesNothing()
  for (const facts of [[violated, started()], [violated, blocked('dependencies')], [violated, escalated()], [violated, fact(), resolved()]])
    given(...facts).when('escalateOverdue', wish).changesNothing()
  const again = Task.TaskSlaSet({ owner, from: deadline, to: now, given: true, warnAt: null, reason: null })
  const violatedAgain = Task.TaskSlaViolated({ ...violated.data, slaDeadline: now })
  given(violated, fact(), resolved({ slaDeadline: deadline }), again, violatedAgain).when('escalateOverdue', { slaDeadline: now })
    .yields(fact({ context: { slaDeadline: now } }))
})

t.test('W-47 however an escalation is answered, the state knows when the next are asked', async () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('acknowledge', 'raise'), { maxLength: 8 }), (acts) => {
    const facts: TaskEvent[] = [created(), toAnn()]
    let [level, raiseAt] = [1, later(now, 15 * minute_ms) as string | null]
    for (const act of acts) {
      if (act === 'raise') {
        if (level === 3) continue
        level++
        raiseAt = level === 3 ? null : now
        facts.push(raised(level, ['bob'], raiseAt))
      } else {
        raiseAt = level === 3 ? null : later(now, day_ms)
        facts.push(acknowledged({ level, raiseAt }))
      }
    }
    const state = replay(taskState, facts) as { block: object }
    return JSON.stringify([(state.block as any).level, (state.block as any).raiseAt]) === JSON.stringify([level, raiseAt])
  }), { seed, numRuns: 50 })
})
