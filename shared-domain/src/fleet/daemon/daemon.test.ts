import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { idNamed } from '../../kernel/name-id.ts'
import { admin, agent, now, orchestrator, replay, subject, system, tool } from '../../kernel/testing.ts'
import { later, minute_ms } from '../../kernel/time.ts'
import { daemons } from './daemons.ts'
import { daemon } from './decider.ts'
import type { DaemonEvent } from './events.ts'
import {
  back, connected, draining, first, given, itself, lost, owner, registered, retired, said, second, stopped, stranger,
} from './scene.ts'
import { daemonState } from './state.ts'

const wanted = { orchestrator: owner, name: 'quay' }

t.test('F-30 a daemon is registered by who may act as its orchestrator, which must be there', async (t) => {
  given(t).when('register', wanted).yields(registered)
  for (const by of [admin, tool]) given(t).by(by).when('register', wanted).yields(registered)
  for (const by of [orchestrator(stranger), agent]) given(t).by(by).when('register', wanted).refuses('FORBIDDEN')
  given(t).by(admin).when('register', { ...wanted, orchestrator: stranger }).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: stranger })
  given(t).with({ organization: 'umbrella' }).when('register', wanted).refuses('ORCHESTRATOR_UNKNOWN')
  given(t, registered).when('register', { ...wanted, maxSessions: 3 }).refuses('ALREADY_EXISTS')
  for (const maxSessions of [0, 101]) t.notOk(daemon.commands.register.data.safeParse({ ...wanted, maxSessions }).success)
})

t.test('F-31 an instance connects from anywhere but the end, and the newest wins', async (t) => {
  const before: readonly (readonly DaemonEvent[])[] = [
    [registered], [registered, connected({ version: '1.3.0' })], [registered, connected(), lost()], [registered, connected(), draining(1)],
    [registered, connected(), stopped()],
  ]
  for (const facts of before) given(t, ...facts).by(itself, owner).when('connect', said).yields(connected())
  given(t, registered, connected()).when('connect', said).changesNothing()
  given(t, registered, connected()).when('connect', { ...said, instance: second }).yields(connected({ instance: second, replaces: first }))
  given(t, registered, connected(), stopped(), retired).when('connect', said).refuses('INVALID_STATE_TRANSITION', { status: 'RETIRED' })
  given(t, registered).by(itself, stranger).when('connect', said).refuses('FORBIDDEN')
  given(t).when('connect', said).refuses('NOT_FOUND')
})

t.test('F-30 F-31 one word makes a daemon known under its name and lets an instance of it work', async (t) => {
  const wish = { ...wanted, ...said }
  given(t).when('enlist', wish).yields(registered, connected())
  given(t, registered).when('enlist', wish).yields(connected())
  given(t, registered, connected()).when('enlist', wish).changesNothing()
  given(t, registered, connected()).by(orchestrator(stranger)).when('enlist', wish).refuses('FORBIDDEN')
  given(t).by(admin).when('enlist', { ...wish, orchestrator: stranger }).refuses('ORCHESTRATOR_UNKNOWN')
  given(t, registered, connected(), stopped(), retired).when('enlist', wish).refuses('INVALID_STATE_TRANSITION', { status: 'RETIRED' })
  const place = daemon.commands.enlist.place!(daemon.commands.enlist.data.parse(wish), { at: now, organization: 'acme' })
  t.equal(place, idNamed('daemon', 'acme', owner, 'quay'))
})

t.test('F-32 whose instance is silent is unhealthy, and where it was when it is heard again', async (t) => {
  const miss = { instance: first, lastSeen: now }
  const at = later(now, 95_000)
  const on = (...facts: readonly DaemonEvent[]) => given(t, registered, connected(), ...facts).by(system).at(at)
  on().when('miss', miss).yields(lost())
  on(draining(minute_ms)).when('miss', miss).yields(lost({ from: 'DRAINING' }))
  on(lost()).when('miss', miss).changesNothing()
  on(stopped()).when('miss', miss).changesNothing()
  on(connected({ instance: second, replaces: first })).when('miss', miss).changesNothing()
  on(lost()).when('recover', { instance: first, heard: at }).yields(back())
  on(lost(), draining(minute_ms)).when('recover', { instance: first, heard: at }).yields(back({ to: 'DRAINING' }))
  on(draining(minute_ms), lost({ from: 'DRAINING' })).when('recover', { instance: first, heard: at }).yields(back({ to: 'DRAINING' }))
  for (const facts of [[], [connected({ instance: second, replaces: first }), lost({ instance: second })]])
    on(...facts).when('recover', { instance: first, heard: at }).changesNothing()
  for (const command of ['miss', 'recover', 'stopAtDeadline'] as const)
    given(t).by(system).when(command, { ...miss, heard: now }).refuses('NOT_FOUND')
})

t.test('F-33 who drains takes nothing new until the deadline, which only an earlier one replaces', async (t) => {
  const running = [registered, connected()]
  given(t, ...running).when('drain', {}).yields(draining(10 * minute_ms))
  given(t, ...running).when('drain', { within_s: 60, reason: 'night' }).yields(draining(minute_ms, 'night'))
  given(t, ...running, draining(minute_ms)).when('drain', { within_s: 61 }).changesNothing()
  given(t, ...running, draining(minute_ms)).when('drain', { within_s: 59 }).yields(draining(59_000))
  given(t, ...running, draining(minute_ms)).when('stop', { reason: 'now' }).yields(draining(0, 'now'))
  given(t, ...running, lost()).when('drain', {}).yields(draining(10 * minute_ms))
  for (const facts of [[], [connected(), stopped()]])
    given(t, registered, ...facts).when('drain', {}).refuses('INVALID_STATE_TRANSITION', { command: 'drain', status: 'STOPPED' })
  given(t, ...running).by(orchestrator(stranger)).when('drain', {}).refuses('FORBIDDEN')
})

t.test('F-33 it stops when it says so, or at the deadline, and never by an instance whose place another has taken', async (t) => {
  const running = [registered, connected()]
  given(t, ...running).by(itself, owner).when('disconnect', { instance: first }).yields(stopped())
  given(t, ...running, lost()).when('disconnect', { instance: first }).yields(stopped())
  given(t, ...running, stopped()).when('disconnect', { instance: first }).changesNothing()
  given(t, ...running).when('disconnect', { instance: second }).refuses('DAEMON_REPLACED', { instance: first })
  given(t, registered).when('disconnect', { instance: second }).refuses('DAEMON_REPLACED', { instance: null })
  const late = given(t, ...running, draining(minute_ms)).by(system)
  late.at(later(now, minute_ms)).when('stopAtDeadline', {}).yields(stopped({ cause: 'deadline' }))
  late.at(later(now, minute_ms - 1)).when('stopAtDeadline', {}).changesNothing()
  given(t, ...running, draining(minute_ms), connected()).by(system).at(later(now, minute_ms)).when('stopAtDeadline', {}).changesNothing()
})

t.test('F-33 an admin retires who has stopped', async (t) => {
  const over = [registered, connected(), stopped()]
  given(t, ...over).by(admin).when('retire', {}).yields(retired)
  given(t, registered).by(admin).when('retire', {}).yields(retired)
  given(t, ...over, retired).by(admin).when('retire', {}).changesNothing()
  given(t, ...over).when('retire', {}).refuses('FORBIDDEN')
  given(t, registered, connected()).by(admin).when('retire', {}).refuses('INVALID_STATE_TRANSITION', { status: 'RUNNING' })
})

t.test('F-90 F-3 a beat is no fact; an instance that was replaced is told so, and what has stopped has no heart', async (t) => {
  const beat = { instance: first, status: 'idle' as const, sessions: 0, queued: 0 }
  for (const facts of [[], [lost()], [draining(1)]])
    given(t, registered, connected(), ...facts).by(itself, owner).when('beat', beat).changesNothing()
  given(t, registered, connected({ instance: second })).when('beat', beat).refuses('DAEMON_REPLACED', { instance: second })
  given(t, registered, connected(), stopped()).when('beat', beat).refuses('INVALID_STATE_TRANSITION', { status: 'STOPPED' })
  given(t, registered).by(itself, stranger).when('beat', beat).refuses('FORBIDDEN')
  given(t, registered).when('acknowledge', { position: '7' }).changesNothing()
  for (const over of [{ sessions: 101 }, { queued: 51 }, { status: 'dead' }])
    t.notOk(daemon.commands.beat.data.safeParse({ ...beat, ...over }).success)
  const { of } = daemon.commands.beat.answers!
  const state = replay(daemonState, [registered, connected(), draining(minute_ms)])
  t.strictSame(of(state, {} as never), { state: 'DRAINING', deadline: later(now, minute_ms), maxSessions: 10 })
})

t.test('F-30 the read model tells where a daemon is and how it stands with it', async (t) => {
  const at = (minutes: number) => later(now, minutes * minute_ms)
  const told = (...facts: readonly DaemonEvent[]) => picture(t, daemons)
    .after(...[registered, ...facts].map((fact, revision) => recorded(daemonState, fact, { revision, at: at(revision) })))
  const row = {
    daemon: subject, orchestrator: owner, name: 'quay', max_sessions: 10, status: 'STOPPED' as const, since: now, instance: null,
    version: null, host: null, capabilities: [], programs: [], deadline: null, last_seen: null,
  }
  const up = { ...row, ...said, status: 'RUNNING' as const, since: at(1), last_seen: at(1) }
  told().shows(row)
  told(connected()).shows(up)
  told(connected(), lost()).shows({ ...up, status: 'UNHEALTHY', since: at(2), last_seen: now })
  told(connected(), lost(), draining(0)).shows({ ...up, status: 'UNHEALTHY', since: at(2), last_seen: now, deadline: now })
  told(connected(), lost(), back()).shows({ ...up, since: at(3), last_seen: at(3) })
  told(connected(), draining(0)).shows({ ...up, status: 'DRAINING', since: at(2), deadline: now })
  told(connected(), draining(0), stopped()).shows({ ...up, status: 'STOPPED', since: at(3) })
  told(connected(), stopped(), retired).shows({ ...up, status: 'RETIRED', since: at(3) })
})
