import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, agent, now, orchestrator, subject, system, uuid } from '../../kernel/testing.ts'
import { later, second_ms } from '../../kernel/time.ts'
import { created, released, started } from '../../work/task/scene.ts'
import { taskState } from '../../work/task/state.ts'
import { Charter } from '../charter/events.ts'
import { charterState } from '../charter/state.ts'
import { connected, draining, lost, registered, stopped } from '../daemon/scene.ts'
import { daemonState } from '../daemon/state.ts'
import { ledgerOf } from '../ledger/state.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { registered as orchestratorRegistered } from '../../work/task/scene.ts'
import { workSession } from './decider.ts'
import type { WorkSessionEvent } from './events.ts'
import {
  completed, failed, given, machine, owner, paused, printed, resumed, running, spawned, stranger, task, terminated, wish,
} from './scene.ts'
import { workSessionState } from './state.ts'
import { workSessions } from './work-sessions.ts'

t.test('F-40 a session begins under the lease whose slot it is named by, and no other', async (t) => {
  given(t).when('spawn', wish).yields(spawned())
  for (const by of [admin, orchestrator(owner)]) given(t).by(by).when('spawn', wish).yields(spawned())
  for (const by of [orchestrator(stranger), agent]) given(t).by(by).when('spawn', wish).refuses('FORBIDDEN')
  given(t).seeing(taskState, task, created(), started({ slot: subject, agent: uuid(51) })).when('spawn', wish)
    .yields(spawned({ agent: uuid(51) }))
  const leases = [
    given(t).with({ id: uuid(5) }), given(t).seeing(taskState, task, created()), given(t).seeing(taskState, task),
    given(t).seeing(taskState, task, created(), started({ slot: subject, holder: stranger })),
    given(t).seeing(taskState, task, created(), started({ slot: subject }), released()),
  ]
  for (const one of leases) one.when('spawn', wish).refuses('STALE_LEASE')
  given(t).when('spawn', { ...wish, token: '7' }).refuses('STALE_LEASE')
  given(t, spawned()).when('spawn', { ...wish, program: 'other' }).refuses('ALREADY_EXISTS')
  given(t, spawned(), terminated('TaskReleased')).when('spawn', wish).changesNothing()
})

t.test('F-40 its daemon runs, and is of this organization', async (t) => {
  const up = [registered, connected()]
  const states = [[registered], [...up, draining(1)], [...up, lost()], [...up, stopped()]]
  for (const facts of states) given(t).seeing(daemonState, machine, ...facts).when('spawn', wish).refuses('DAEMON_UNAVAILABLE')
  given(t).when('spawn', { ...wish, daemon: stranger }).refuses('DAEMON_UNAVAILABLE', { daemon: stranger })
  given(t).with({ organization: 'umbrella' }).when('spawn', wish).refuses('DAEMON_UNAVAILABLE')
})

t.test('F-40 F-75 a session has the tokens that the charter allows, set aside for a while longer than it may take', async (t) => {
  const reserved = { tokens: 500, ledger: '203001', reservation: uuid(900) }
  given(t).when('spawn', { ...wish, tokens: 500 }).yields(spawned(reserved))
  const document = { limits: { tokensPerSession: 499 } }
  const held = given(t)
    .seeing(charterState, owner,
      Charter.CharterPublished({ orchestrator: owner, version: 1, document, hash: '0'.repeat(64) }),
      Charter.CharterActivated({ orchestrator: owner, version: 1, previous: null, reason: null }))
    .seeing(orchestratorState, owner, orchestratorRegistered, Orchestrator.OrchestratorGuarded({ charterVersion: 1, budget: null }))
  held.when('spawn', { ...wish, tokens: 500 }).refuses('CHARTER_DENIED', { rule: { list: 'tokensPerSession', pattern: '499' } })
  held.when('spawn', { ...wish, tokens: 499 }).yields(spawned({ ...reserved, tokens: 499 }))
  const holds = (tokens: number, daemon = machine) => {
    const { data, holds } = workSession.commands.spawn
    const look = (_: unknown, id: string) => (id === machine ? { status: 'RUNNING', orchestrator: owner } : { status: 'UNKNOWN' })
    return holds!(workSessionState.initial, data.parse({ ...wish, tokens, daemon }),
      { at: now, commandId: uuid(900), organization: 'acme', look } as never) as readonly any[]
  }
  t.strictSame(holds(0), [])
  t.strictSame(holds(1, stranger), [])
  const [ofAll, own] = holds(500)
  t.strictSame([ofAll.take.id, own.take.id], [ledgerOf('acme', '203001'), ledgerOf(owner, '203001')])
  const until = later(now, 3_900 * second_ms)
  t.strictSame(own.take.data, { reservation: uuid(900), tokens: 500, cost: 0, at: now, until })
  t.match(own.giveBack('0'), { command: 'letGo', data: { reservation: uuid(900) } })
})

t.test('F-41 it runs, stands still and goes on, as its daemon says and others wish', async (t) => {
  given(t, spawned()).when('start', { pid: 4711 }).yields(running)
  given(t, spawned(), running).when('start', {}).changesNothing()
  given(t, spawned(), running, paused()).when('start', {}).refuses('INVALID_STATE_TRANSITION', { status: 'PAUSED' })
  given(t, spawned(), running).when('pause', { reason: 'lunch' }).yields(paused('lunch'))
  given(t, spawned(), running, paused()).when('pause', {}).changesNothing()
  given(t, spawned(), running, paused()).at(later(now, 5_000)).when('resume', {}).yields(resumed(5_000))
  given(t, spawned(), running).when('resume', {}).changesNothing()
  for (const command of ['pause', 'resume'] as const)
    given(t, spawned()).when(command, {}).refuses('INVALID_STATE_TRANSITION', { status: 'SPAWNED' })
  given(t).when('start', {}).refuses('NOT_FOUND')
  given(t, spawned()).by(orchestrator(stranger)).when('start', {}).refuses('FORBIDDEN')
})

t.test('F-41 F-92 it ends once, in one way; the same end again changes nothing', async (t) => {
  const open = [[spawned()], [spawned(), running], [spawned(), running, paused()]]
  const fail = { kind: 'exit', error: 'no' }
  for (const facts of open) {
    given(t, ...facts).when('complete', printed).yields(completed())
    given(t, ...facts).when('fail', fail).yields(failed())
    given(t, ...facts).when('terminate', { reason: 'enough' }).yields(terminated('enough'))
  }
  const metrics = { tokens: 7 }
  given(t, spawned()).when('fail', { ...fail, kind: 'whatever', exitCode: 3, metrics })
    .yields(failed({ kind: 'unknown', exitCode: 3, metrics: { tokens: 7, cost: 0, errors: 0, duration_ms: 0 } }))
  for (const ended of [completed(), failed(), terminated('enough')]) {
    const over = given(t, spawned(), ended)
    over.when('complete', { ...printed, exitCode: 1 }).refuses('INVALID_STATE_TRANSITION')
    over.when('fail', { ...fail, error: 'other' }).refuses('INVALID_STATE_TRANSITION')
    over.when('terminate', { reason: 'other' }).refuses('INVALID_STATE_TRANSITION')
    over.when('start', {}).refuses('INVALID_STATE_TRANSITION')
    over.when('output', { text: 'late' }).refuses('INVALID_STATE_TRANSITION')
    over.by(system).when('end', { how: 'completed', why: 'TaskCompleted' }).changesNothing()
  }
  given(t).by(system).when('end', { how: 'completed', why: 'TaskCompleted' }).changesNothing()
})

t.test('F-92 what ends the lease ends the session, and says how', async (t) => {
  const held = { ledger: '203001', reservation: uuid(9) }
  const by = given(t, spawned({ tokens: 5, ...held })).by(system)
  const unsaid = { exitCode: null, outputTail: null, outputDigest: null }
  by.when('end', { how: 'completed', why: 'TaskCompleted' }).yields(completed({ ...unsaid, ...held }))
  by.when('end', { how: 'failed', kind: 'lost', why: 'LeaseExpired' }).yields(failed({ kind: 'lost', error: 'LeaseExpired', ...held }))
  by.when('end', { how: 'terminated', why: 'TaskHandedOff' }).yields(terminated('TaskHandedOff', held))
})

t.test('F-92 what a program prints and uses is told while the session goes on, and is no fact', async (t) => {
  given(t, spawned(), running).when('output', { text: 'half way' }).changesNothing()
  given(t, spawned(), running).when('metrics', { metrics: { tokens: 5 } }).changesNothing()
  t.notOk(workSession.commands.output.data.safeParse({ text: 'x'.repeat(16_385) }).success)
  t.match(workSession.commands.output.signal, { keep: 64, keep_days: 7 })
  given(t, spawned()).by(orchestrator(stranger)).when('output', { text: 'x' }).refuses('FORBIDDEN')
})

t.test('F-40 F-41 the read model tells how a session goes and what it ended with', async (t) => {
  const told = (...facts: readonly WorkSessionEvent[]) => picture(t, workSessions)
    .after(...[spawned(), ...facts].map((fact, revision) => recorded(workSessionState, fact, { at: later(now, revision * second_ms) })))
  const row = {
    session: subject, orchestrator: owner, daemon: machine, task, agent: null, program: 'agent', status: 'SPAWNED' as const, kind: null,
    error: null, reason: null, exit_code: null, tokens_reserved: 0, tokens: 0, cost: 0, errors: 0, duration_ms: 0, output_tail: null,
    output_digest: null, spawned_at: now, started_at: null, ended_at: null,
  }
  const metrics = { tokens: 7, cost: 1, errors: 0, duration_ms: 900 }
  const started_at = later(now, second_ms)
  told().shows(row)
  told(running, paused()).shows({ ...row, status: 'PAUSED', started_at })
  told(running, paused(), resumed(1)).shows({ ...row, status: 'RUNNING', started_at })
  told(running, completed({ metrics })).shows({
    ...row, status: 'COMPLETED', started_at, ended_at: later(now, 2 * second_ms), ...metrics, exit_code: 0, output_tail: 'done',
    output_digest: printed.outputDigest,
  })
  told(failed({ kind: 'oom', error: 'killed' })).shows({ ...row, status: 'FAILED', kind: 'oom', error: 'killed', ended_at: started_at })
  told(terminated('enough', { metrics })).shows({ ...row, status: 'TERMINATED', reason: 'enough', ...metrics, ended_at: started_at })
})
