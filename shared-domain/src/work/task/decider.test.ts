import fc from 'fast-check'
import t from 'tap'
import { inputOf } from '../../kernel/arbitrary.ts'
import { Rejection, type Command } from '../../kernel/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { admin, now, orchestrator, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { hour_ms, later, second_ms } from '../../kernel/time.ts'
import { task } from './decider.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  blocked, cancelled, codeOf, completed, created, delegated, escalated, first, inWorld, needsApproval, other, owner, running, scene,
  seed, slot, started, third, token,
} from './scene.ts'
import { taskState } from './state.ts'

/** How the state table abbreviates refusals; `=` stands for no fact. */
const codes: Readonly<Record<string, string>> = {
  '-': 'INVALID_STATE_TRANSITION', EXISTS: 'ALREADY_EXISTS', STALE: 'STALE_LEASE', UNMET: 'DEPENDENCIES_UNMET',
  ESCALATED: 'ALREADY_ESCALATED', ALONE: 'NO_DELEGATION',
}

t.test('the state table S-1 to S-14: what every command does in every status', async (t) => {
  const table = `
    command              NONE      TODO        IN_PROGRESS dependencies failure   manual    escalation DONE   CANCELLED
    create               TODO      EXISTS      EXISTS      EXISTS       EXISTS    EXISTS    EXISTS     EXISTS EXISTS
    createFor            TODO      EXISTS      EXISTS      EXISTS       EXISTS    EXISTS    EXISTS     EXISTS EXISTS
    addDependency        NOT_FOUND BLOCKED     -           BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    edit                 NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    reprioritize         NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    removeDependency     NOT_FOUND =           -           =            =         =         =          -      -
    breakCircle          =         =           =           =            =         =         =          =      =
    start                NOT_FOUND IN_PROGRESS -           UNMET        -         -         -          -      -
    startSelected        NOT_FOUND IN_PROGRESS -           UNMET        -         -         -          -      -
    startInRun           NOT_FOUND IN_PROGRESS -           UNMET        -         -         -          -      -
    heartbeat            NOT_FOUND STALE       IN_PROGRESS STALE        STALE     STALE     STALE      -      STALE
    reportProgress       NOT_FOUND STALE       IN_PROGRESS STALE        STALE     STALE     STALE      -      STALE
    complete             NOT_FOUND STALE       DONE        STALE        STALE     STALE     STALE      =      STALE
    fail                 NOT_FOUND STALE       TODO        STALE        STALE     STALE     STALE      -      STALE
    release              NOT_FOUND =           TODO        STALE        STALE     STALE     STALE      -      STALE
    expireLease          =         =           TODO        =            =         =         =          =      =
    endLease             =         =           TODO        =            =         =         =          =      =
    block                NOT_FOUND BLOCKED     BLOCKED     -            -         -         -          -      -
    unblock              NOT_FOUND =           -           TODO         TODO      TODO      -          -      -
    retry                NOT_FOUND =           -           -            TODO      -         -          -      -
    settleDependencies   =         =           =           TODO         =         =         =          =      =
    waitForDependencies  =         =           =           =            =         =         =          =      =
    escalate             NOT_FOUND BLOCKED     BLOCKED     -            BLOCKED   BLOCKED   ESCALATED  -      -
    escalateOverdue      =         =           =           =            =         =         =          =      =
    acknowledgeEscalation NOT_FOUND -          -           -            -         -         BLOCKED    -      -
    raise                =         =           =           =            =         =         =          =      =
    resolveEscalation    NOT_FOUND -           -           -            -         -         TODO       -      -
    cancel               NOT_FOUND CANCELLED   CANCELLED   CANCELLED    CANCELLED CANCELLED CANCELLED  -      =
    reopen               NOT_FOUND =           -           -            -         -         -          -      TODO
    delegate             NOT_FOUND TODO        USE_HANDOFF BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    even                 =         TODO        =           =            =         =         =          =      =
    handoff              NOT_FOUND TODO        TODO        BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    assign               NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    place                NOT_FOUND NOBODY_FITS -           -            -         -         -          -      -
    unassign             NOT_FOUND =           =           =            =         =         =          -      -
    defer                NOT_FOUND TODO        -           BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    undefer              NOT_FOUND =           -           =            =         =         =          -      -
    endDeferral          =         =           =           =            =         =         =          =      =
    takeFromAgent        =         =           =           =            =         =         =          =      =
    collaborate          NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    acceptCollaboration  NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    declineCollaboration NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    note                 NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    DONE   -
    recordTime           NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    DONE   -
    rate                 NOT_FOUND -           -           -            -         -         -          DONE   -
    warnSla              =         =           =           =            =         =         =          =      =
    violateSla           =         =           =           =            =         =         =          =      =
    acceptDelegation     NOT_FOUND ALONE       ALONE       ALONE        ALONE     ALONE     ALONE      -      -
    declineDelegation    NOT_FOUND ALONE       ALONE       ALONE        ALONE     ALONE     ALONE      -      -
    recall               NOT_FOUND ALONE       ALONE       ALONE        ALONE     ALONE     ALONE      -      -
    timeOut              =         =           =           =            =         =         =          =      =
    holdForConflict      =         =           =           =            =         =         =          =      =
    releaseFromConflict  =         =           =           =            =         =         =          =      =
    redelegate           =         =           =           =            =         =         =          =      =
    completeCollaboration NOT_FOUND NOT_ASKED  NOT_ASKED   NOT_ASKED    NOT_ASKED NOT_ASKED NOT_ASKED  NOT_ASKED -
    removeCollaborator   NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    requireApproval      =         TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    =      CANCELLED
    withdrawApproval     =         TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    =      CANCELLED
    dropApproval         =         TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    =      CANCELLED`
  const [[, ...statuses] = [], ...rows] = table.trim().split('\n').map((line) => line.trim().split(/\s+/))
  t.strictSame(rows.map(([command]) => command).sort(), Object.keys(task.commands).sort(), 'the table has every command')

  const asked = Task.CollaborationRequested({ owner, collaborator: other, role: 'help', note: null })
  const histories: Record<string, readonly TaskEvent[]> = {
    NONE: [], TODO: [], IN_PROGRESS: [started()], DONE: [started(), completed('2')], CANCELLED: [cancelled()],
    dependencies: [blocked('dependencies')], failure: [blocked('failure')], manual: [blocked('manual')], escalation: [escalated()],
  }
  const [token, decision] = ['2', uuid(31)]
  const wishes: Record<string, object> = {
    create: { owner, title: 'Work' }, createFor: { owner, title: 'Work', origin: { kind: 'recurrence', id: uuid(32), item: now } },
    edit: { title: 'Other work' }, removeDependency: { dependency: first }, note: { text: 'a note' },
    recordTime: { actualHours: 2, estimatedHours: 1 }, rate: { rating: 4 }, warnSla: { slaDeadline: now }, violateSla: { slaDeadline: now },
    addDependency: { dependency: first }, breakCircle: { dependency: first },
    startSelected: { worker: owner, selection: { policy: 'any', candidates: [], rejected: [] } },
    startInRun: { run: { run: uuid(33), no: 1 } },
    heartbeat: { token }, reportProgress: { token, percentage: 10 }, complete: { token }, fail: { token, error: 'no' },
    release: { token }, expireLease: { token }, endLease: { slot },
    block: { reason: 'a reason' }, escalate: { reason: 'a reason' }, escalateOverdue: { slaDeadline: now },
    raise: { escalation: '2', level: 2 }, resolveEscalation: { resolution: 'so be it' },
    delegate: { to: other }, handoff: { to: other }, even: { from: owner, to: other, reason: 'why' },
    assign: { assignee: 'grace' }, requireApproval: { decision },
    place: { reason: 'so' }, takeFromAgent: { slot: uuid(9), cause: 'lapsed' },
    declineDelegation: { reason: 'a reason' }, recall: { reason: 'a reason' }, timeOut: { delegation: '0' },
    redelegate: { delegation: '0' }, holdForConflict: { conflict: uuid(9) }, releaseFromConflict: { conflict: uuid(9) },
    defer: { until: later(now, hour_ms), reason: 'a reason' }, endDeferral: { until: now },
    removeCollaborator: { orchestrator: other }, reprioritize: { priority: 'HIGH', decision },
    collaborate: { collaborators: [{ orchestrator: third, role: 'help' }] },
  }
  for (const [column, status] of statuses.entries()) {
    for (const [name, ...cells] of rows) {
      const facts = status === 'NONE' ? [] : [created(), asked, ...histories[status!]!]
      const { world, tell, wish } = inWorld(...facts)
      // Said last, it changes no token; said before all else, it would keep the task from starting.
      const isWithdrawn = name === 'withdrawApproval' || name === 'dropApproval'
      if (isWithdrawn && facts.length > 0) tell(taskState, subject, needsApproval(decision))
      tell(taskState, first, created())
      world.pass(60 * second_ms)
      const by = name!.endsWith('Collaboration') ? orchestrator(other) : admin
      const before = world.look(taskState, subject)
      t.equal(before.status === 'BLOCKED' ? before.block.kind : before.status, status)
      const decided = wish(name!, isWithdrawn ? { decision, taken: String(facts.length) } : wishes[name!], { by })
      const outcome = decided instanceof Rejection ? decided.code : decided.length === 0 ? '=' : world.look(taskState, subject).status
      const cell = cells[column]!
      t.equal(outcome, codes[cell] ?? cell, `${name} when ${status}`)
    }
  }
})

t.test('what a task may hold is bounded', async (t) => {
  const json = (bytes: number) => ({ x: 'y'.repeat(bytes - '{"x":""}'.length) })
  const many = (count: number, text = 'x') => Array.from({ length: count }, () => text)
  const helpers = (count: number) => many(count).map((role) => ({ orchestrator: other, role }))
  const limits: readonly [command: keyof typeof task.commands, field: string, taken: readonly unknown[], refused: readonly unknown[]][] = [
    ['create', 'title', ['x', 'x'.repeat(500)], ['', '  ', 'x'.repeat(501)]],
    ['create', 'description', ['x'.repeat(5_000)], ['x'.repeat(5_001)]],
    ['create', 'priority', ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], ['URGENT']],
    ['create', 'dueAt', ['2030-01-01T00:00:00Z'], ['tomorrow', '2030-01-01']],
    ['create', 'estimatedHours', [1, 1_000], [0.5, 1_001]],
    ['create', 'tags', [many(50, 'x'.repeat(50))], [many(51), ['x'.repeat(51)]]],
    ['create', 'dependsOn', [many(100, first)], [many(101, first), ['x']]],
    ['create', 'maxRetries', [0, 10], [-1, 11, 1.5]],
    ['create', 'metadata', [json(16 * 1024)], [json(16 * 1024 + 1), []]],
    ['reportProgress', 'percentage', [0, 100], [-1, 101, 0.5]],
    ['reportProgress', 'message', ['x'.repeat(1_000)], ['x'.repeat(1_001)]],
    ['complete', 'artifacts', [many(50).map((name) => ({ name, uri: 'a:b' }))], [many(51).map((name) => ({ name, uri: 'a:b' }))]],
    ['complete', 'output', ['x'.repeat(65_534)], ['x'.repeat(65_535)]],
    ['complete', 'metrics', [{ cost: 1 }], [Object.fromEntries(many(51).map((name, index) => [name + index, 1]))]],
    ['fail', 'error', ['x'.repeat(5_000)], ['', 'x'.repeat(5_001)]],
    ['block', 'reason', ['x'.repeat(500)], ['', 'x'.repeat(501)]],
    ['escalate', 'reason', ['x'.repeat(500)], ['', 'x'.repeat(501)]],
    ['resolveEscalation', 'resolution', ['x'.repeat(2_000)], ['', 'x'.repeat(2_001)]],
    ['delegate', 'note', ['x'.repeat(1_000)], ['x'.repeat(1_001)]],
    ['handoff', 'notes', ['x'.repeat(2_000)], ['x'.repeat(2_001)]],
    ['handoff', 'context', [json(64 * 1024)], [json(64 * 1024 + 1)]],
    ['handoff', 'completionPercentage', [0, 100], [101]],
    ['collaborate', 'collaborators', [helpers(10)], [[], helpers(11), [{ orchestrator: other, role: 'x'.repeat(101) }]]],
  ]
  for (const [command, field, taken, refused] of limits) {
    const schema = (task.commands[command] as Command).data.shape[field]!
    for (const value of taken) t.ok(schema.safeParse(value).success, `${command}.${field} takes what is just allowed`)
    for (const value of refused) t.notOk(schema.safeParse(value).success, `${command}.${field} refuses what is not`)
  }
})

t.test('S-8 S-9 S-10 S-12 S-18 S-19 only the owner, or who is above it, decides about a task', async (t) => {
  const wishes: Record<string, object> = {
    edit: { title: 'Other work' }, removeDependency: { dependency: first }, note: { text: 'a note' },
    recordTime: { actualHours: 2, estimatedHours: 1 }, block: { reason: 'why' }, escalate: { reason: 'why' }, cancel: {},
    assign: { assignee: 'grace' }, delegate: { to: third }, handoff: { to: third },
    collaborate: { collaborators: [{ orchestrator: third, role: 'help' }] },
  }
  const tried = (history: readonly TaskEvent[], command: string, data: object, by: Actor) =>
    scene(t)(...history).by(by).when(command as 'cancel', data)
  for (const [command, data] of Object.entries(wishes)) {
    tried([created()], command, data, orchestrator(other)).refuses('INVALID_OWNERSHIP', { owner })
    for (const by of [orchestrator(owner), admin, tool]) {
      const { wish } = inWorld(created(), delegated(other), delegated(owner, other))
      t.not(codeOf(wish(command, data, { by })), 'INVALID_OWNERSHIP', `${command} by ${by.kind}`)
    }
  }
  tried([created(), blocked('manual')], 'unblock', {}, orchestrator(other)).refuses('INVALID_OWNERSHIP', { owner })
  tried([created(), blocked('failure')], 'retry', {}, orchestrator(other)).refuses('INVALID_OWNERSHIP', { owner })
})

t.test('S-14 a task that is done is final, whatever anybody wishes', async () => {
  const { world, wish } = inWorld(...running, completed(token))
  for (const [name, command] of Object.entries<Command>(task.commands)) {
    fc.assert(fc.property(inputOf(command.data), fc.constantFrom(admin, system, tool, orchestrator(owner)), (data, by) => {
      wish(name, data, { by })
      if (world.look(taskState, subject).status !== 'DONE') throw new Error(`${name} undid it`)
    }), { seed, numRuns: 20 })
  }
})
