import { digestOf } from '../../kernel/digest.ts'
import { fold, type Context, type Evolve, type Fold } from '../../kernel/decider.ts'
import type { Actor, Meta } from '../../kernel/fact.ts'
import { elapsed_ms, later } from '../../kernel/time.ts'
import type { AgentId, DecisionId, OrchestratorId, Priority, TaskId } from '../../vocabulary.ts'
import { orchestratorPolicyNames } from '../policies/names.ts'
import { head_start_ms, type Chain, type Delegation } from './chain.ts'
import { detailsOf, knownOf, type Details } from './details.ts'
import { Task, type TaskEvent } from './events.ts'
import { raiseAtOf, type Step } from './ladder.ts'
import { isFreed, type AgentSlot, type Lease, type Origin, type Work } from './shapes.ts'
import { running, type Sla } from './sla.ts'

/** A decision that somebody said is about to be opened, or several: revisions of the first and the last saying, and when the last was. */
interface Announced {
  readonly first: string
  readonly last: string
  readonly since: string
  /** No time withdraws it. */
  readonly isLasting: boolean
}

/** Who passed the task on last, and what was said with it: what tells the same wish again from another. */
interface Move {
  readonly by: Actor
  /** Digest of note and context. */
  readonly words: string
  readonly percentage: number
  /** By which its target was chosen, where it was not named. */
  readonly policy: string | null
}

/** Who passed the task on, and when. */
interface Made {
  readonly at: string
  readonly from: OrchestratorId
}

interface Retry {
  readonly delegation: Delegation
  /** Of the append by which it ended. */
  readonly commandId: string
}

/** The task is offered to nobody before then. */
export interface Deferral {
  readonly until: string
  readonly cause: 'hours' | 'asked'
  /** Whose hours it waits for. */
  readonly orchestrator: OrchestratorId | null
  /** Digest of what was said. */
  readonly words: string
  /** How often in a row it has waited for hours that did not begin. */
  readonly times: number
}

interface Facts {
  readonly organization: string
  readonly owner: OrchestratorId
  readonly assignee: string | null
  /** Digest of the last assignment, empty before the first. */
  readonly assignment: string
  /** The place of the assigned agent. */
  readonly agentSlot: AgentSlot | null
  /** What was said when it was last tried to find somebody for it; null when its assignee was named. */
  readonly placement: Placement | null
  /** Agents that did not start it in time, newest last; as many as are remembered. */
  readonly lapsed: readonly Lapse[]
  /** For whom it was made. */
  readonly origin: Origin | null
  readonly priority: Priority
  readonly dueAt: string | null
  readonly createdAt: string
  readonly dependsOn: readonly TaskId[]
  /** By dependency, where in the log it was said that the task waits for it. */
  readonly waitsSince: ReadonlyMap<string, string>
  /** Since when the task has stood in its status. */
  readonly since: string
  readonly attempt: number
  /** Of a task that failed: until then it does not start, whatever else happens to it. */
  readonly nextRetryAt: string | null
  readonly deferral: Deferral | null
  readonly details: Details
  readonly sla: Sla
  /** How long it was worked on, in all leases that have ended. */
  readonly worked_ms: number
  readonly failures: number
  /** How many leases expired one after the other, until one ends otherwise. */
  readonly expiries: number
  readonly percentage: number
  /** The total that was told last. */
  readonly hoursSpent: number | null
  readonly notes: Notes
  /** Digest of the hours that were recorded last. */
  readonly recorded: string
  readonly ratings: ReadonlyMap<string, Rating>
  /** How often it was delegated or handed off, and when, newest last; as many as the limit on moves needs. */
  readonly moved: number
  readonly moves: readonly Made[]
  readonly chain: Chain
  /** What ended without having come to anything and is to be tried with somebody else, unless somebody does something first. */
  readonly retry: Retry | null
  readonly lastMove: Move | null
  /** Decisions without whose approval it does not start. */
  readonly approvals: ReadonlyMap<DecisionId, Announced>
  readonly collaborators: ReadonlyMap<string, Collaborator>
  /** When it was escalated, newest last; as many as the limit needs. */
  readonly escalations: readonly string[]
}

interface Placement {
  readonly at: string
  /** Since when it has come out so, but for the reasons. */
  readonly since: string
  /** Of whom was chosen; null when nobody was. */
  readonly score: number | null
  readonly rejected: readonly { readonly id: string; readonly code: string }[]
  readonly counts: Readonly<Record<string, number>>
}

interface Lapse {
  readonly agent: string
  readonly at: string
}

interface Notes {
  readonly count: number
  /** Digest of the last one and of who left it. */
  readonly last: string
}

/** What one key said of one side of the result. */
interface Rating {
  readonly by: string
  readonly rating: number
  readonly at: string
  /** Digest of what was said with it. */
  readonly words: string
}

interface Collaborator {
  readonly role: string
  /** Digest of what was asked. */
  readonly words: string
  readonly answer: 'asked' | 'accepted' | 'declined' | 'completed'
}

type Block =
  | { readonly kind: 'dependencies' | 'failure' | 'manual'; readonly reason: string }
  | Escalation

/** Somebody else has to decide, and who is asked for that. */
export interface Escalation {
  readonly kind: 'escalation'
  readonly reason: string
  readonly to: string | null
  readonly words: string
  /** The fact that asked. */
  readonly revision: string
  /** None of what was escalated before there were steps: nobody else is asked then. */
  readonly steps: readonly Step[]
  /** The step that has begun last, from 1 on. */
  readonly level: number
  readonly isAcknowledged: boolean
  /** When the next step begins, if there is one. */
  readonly raiseAt: string | null
}

type Todo = Facts & { readonly status: 'TODO' }
export type InProgress = Facts & {
  readonly status: 'IN_PROGRESS'
  readonly lease: Lease
  readonly lastSeen: string
  /** Digest of what the holder said last, besides the percentage. */
  readonly report: string
}
type Blocked = Facts & { readonly status: 'BLOCKED'; readonly block: Block }
export type Done = Facts & {
  readonly status: 'DONE'
  readonly token: string
  readonly holder: OrchestratorId
  readonly agent: AgentId | null
  /** Digest of what was delivered. */
  readonly result: string
  readonly actualHours: number | null
}
type Cancelled = Facts & { readonly status: 'CANCELLED' }
export type Known = Todo | InProgress | Blocked | Done | Cancelled
export type TaskState = { readonly status: 'NONE' } | Known

/** What belongs to one status alone. */
type Own = Pick<InProgress, 'lease' | 'lastSeen' | 'report'> & Pick<Blocked, 'block'>
  & Pick<Done, 'token' | 'holder' | 'agent' | 'result' | 'actualHours'>

export const moves_max = 5
/** So often within a day others than admins escalate a task. */
export const escalations_max = 5
const lapsed_max = 20

/** Only what every status shares; what belongs to one status alone stays behind. */
function facts(task: TaskState): Facts {
  const { lease, lastSeen, report, block, token, holder, agent, result, actualHours, ...shared } = task as Facts & Partial<Own>
  return shared
}

const workedIn = ({ since }: Lease, at: string) => Math.max(0, elapsed_ms(since, at))

/** What is left when a task goes on in another status. The end of a lease is the end of a row of expiries. */
function leaving(task: TaskState, at: string, agentSlot: AgentSlot | null = null): Facts {
  const left = { ...facts(task), ...(isFreed(agentSlot) ? nobody : {}), since: at }
  return task.status === 'IN_PROGRESS' ? { ...left, expiries: 0, worked_ms: task.worked_ms + workedIn(task.lease, at) } : left
}

const nobody = { assignee: null, assignment: '', agentSlot: null, placement: null }

const lapsedOf = ({ lapsed }: Known, { agentSlot, cause }: { agentSlot: AgentSlot | null; cause: string }, at: string) =>
  (agentSlot && cause === 'lapsed' ? [...lapsed, { agent: agentSlot.agent, at }].slice(-lapsed_max) : lapsed)

const todo = (task: TaskState, at: string, agentSlot?: AgentSlot | null): Todo => ({ ...leaving(task, at, agentSlot), status: 'TODO' })

type Passed = Pick<Delegation, 'to' | 'note' | 'answerBy' | 'finishBy' | 'attempt' | 'retries' | 'slaDeadline'>
  & { readonly owner: OrchestratorId; readonly depth: number | null; readonly retryOf: string | null }

/** The task belongs to another, for whom nobody does it yet; of a move that opens a delegation it is told what becomes of it. */
function moved(task: TaskState, lastMove: Move, said: Passed, { priority, dueAt }: Pick<Facts, 'priority' | 'dueAt'>, meta: Meta) {
  const { moves, moved, chain, retry, nextRetryAt } = task as Known
  const { owner: from, to, note, answerBy, finishBy, attempt, retries, slaDeadline, depth, retryOf } = said
  const before = retry?.delegation.id === retryOf ? retry.delegation.tried : []
  const opened: Delegation = {
    id: String(meta.revision), from, to, state: 'OFFERED', at: meta.at, note, answerBy, finishBy, attempt, retries,
    tried: [...before, to], priority, dueAt, slaDeadline,
  }
  return {
    ...nobody, owner: to, lastMove, moved: moved + 1, moves: [...moves, { at: meta.at, from }].slice(-moves_max), retry: null,
    chain: depth === null ? chain : [...chain, opened], nextRetryAt: retryOf === null ? nextRetryAt : null,
  }
}

const become = (task: TaskState, id: string, state: Delegation['state']): Known =>
  ({ ...(task as Known), chain: (task as Known).chain.map((one) => (one.id === id ? { ...one, state } : one)) })

const isOfOrchestrators = (policy: string) => (orchestratorPolicyNames as readonly string[]).includes(policy)

const retried: readonly unknown[] = ['DECLINED', 'TIMED_OUT', 'FAILED']

/** Hours that were waited for have not begun: it is the same wait that goes on. */
const timesOf = (before: Deferral | null, cause: Deferral['cause'], at: string) =>
  (before?.cause === 'hours' && cause === 'hours' && at >= before.until ? before.times + 1 : 0)

const answered = (task: TaskState, who: string, answer: Exclude<Collaborator['answer'], 'asked'>) => {
  const collaborators = new Map((task as Known).collaborators)
  collaborators.set(who, { role: '', words: '', ...collaborators.get(who), answer })
  return { ...(task as Known), collaborators }
}

const asked = (task: TaskState, how: Partial<Escalation>): Known =>
  ({ ...(task as Blocked), block: { ...(task as Blocked).block, ...how } as Escalation })

type Said<Names extends string> = Readonly<Record<Names, unknown>>

/** What tells the same wish again from another: the words alone, whoever says them. An object with its keys in another order is another. */
export const wordsOf = {
  report: ({ message, metadata, hoursSpent }: Said<'message' | 'metadata' | 'hoursSpent'>) => digestOf([message, metadata, hoursSpent]),
  move: ({ note, context }: Said<'note' | 'context'>) => digestOf([note, context]),
  result: ({ output, artifacts, metrics }: Said<'output' | 'artifacts' | 'metrics'>) => digestOf([output, artifacts, metrics]),
  escalation: ({ to, people, reason, severity, context }: Said<'to' | 'people' | 'reason' | 'severity' | 'context'>) =>
    digestOf([to, people, reason, severity, context]),
  assignment: ({ assignee, reason }: Said<'assignee' | 'reason'>) => digestOf([assignee, reason]),
  note: ({ text, artifacts, hoursSpent }: Said<'text' | 'artifacts' | 'hoursSpent'>, { kind, id }: Actor) =>
    digestOf([kind, id, text, artifacts, hoursSpent]),
  record: ({ estimatedHours, actualHours, notes }: Said<'estimatedHours' | 'actualHours' | 'notes'>) =>
    digestOf([estimatedHours, actualHours, notes]),
  rating: ({ rating, comments }: Said<'rating' | 'comments'>) => digestOf([rating, comments]),
  deferral: ({ until, cause, reason }: Said<'until' | 'cause' | 'reason'>) => digestOf([until, cause, reason]),
  request: ({ role, note }: Said<'role' | 'note'>) => digestOf([role, note]),
}

export const nameOf = ({ kind, id }: Actor): string => `${kind} ${id}`

/** One key rates one side of the result once. */
export const ratedBy = (by: Actor, category: string): string => `${nameOf(by)} ${category}`

const silence = wordsOf.report({ message: null, metadata: {}, hoursSpent: null })

const evolve: Evolve<TaskState, TaskEvent> = {
  TaskCreated: (_, data, { at, organization, position, imported = false }) => ({
    status: 'TODO', organization, owner: data.owner, ...nobody, origin: data.origin, priority: data.priority, dueAt: data.dueAt,
    createdAt: at, since: at, dependsOn: data.dependsOn, waitsSince: new Map(data.dependsOn.map((id) => [id, position])), attempt: 0,
    details: detailsOf(data), sla: running({ deadline: data.slaDeadline, given: data.slaGiven }, at, imported), worked_ms: 0, failures: 0,
    lapsed: [], expiries: 0, percentage: 0, hoursSpent: null, notes: { count: 0, last: '' }, recorded: '', ratings: new Map(), moved: 0,
    moves: [], chain: [], retry: null, lastMove: null, approvals: new Map(), collaborators: new Map(), nextRetryAt: null, deferral: null,
    escalations: [],
  }),
  DependencyAdded: (task, { dependency, dependsOn }, { position }) =>
    ({ ...(task as Known), dependsOn, waitsSince: new Map((task as Known).waitsSince).set(dependency, position) }),
  DependencyWithdrawn: (task, { dependsOn }) => ({ ...(task as Known), dependsOn }),
  DependencyRemoved: (task, { dependsOn }) => ({ ...(task as Known), dependsOn }),
  TaskStarted: (task, { holder, slot, agent, run }, { at, revision }) =>
    ({
      ...leaving(task, at), status: 'IN_PROGRESS', placement: null, nextRetryAt: null, deferral: null, lastSeen: at, report: silence,
      lease: { holder, token: String(revision), slot, since: at, agent, run },
    }),
  LeaseRenewed: (task, _, { at }) => ({ ...(task as InProgress), lastSeen: at }),
  LeaseExpired: (task, { agentSlot }, { at }) => ({ ...todo(task, at, agentSlot), expiries: (task as InProgress).expiries + 1 }),
  TaskProgressed: (task, { percentage, ...said }, { at }) => ({
    ...(task as InProgress), percentage, report: wordsOf.report(said), lastSeen: at,
    hoursSpent: said.hoursSpent ?? (task as InProgress).hoursSpent,
  }),
  TaskCompleted: (task, { lease: { token, holder, agent }, ...said }, { at }) => ({
    ...leaving(task, at, said.agentSlot), status: 'DONE', percentage: 100, token, holder, agent, result: wordsOf.result(said),
    actualHours: said.actualHours,
  }),
  TaskFailed: (task, { agentSlot }, { at }) => ({ ...todo(task, at, agentSlot), failures: (task as Known).failures + 1 }),
  TaskRetryScheduled: (task, { attempt, nextRetryAt }) => ({ ...(task as Todo), attempt, nextRetryAt }),
  TaskDeferred: (task, { until, orchestrator, cause, reason }, { at }) => {
    const times = timesOf((task as Known).deferral, cause, at)
    return { ...(task as Known), deferral: { until, orchestrator, cause, words: wordsOf.deferral({ until, cause, reason }), times } }
  },
  TaskDeferralEnded: (task) => ({ ...(task as Known), deferral: null }),
  TaskDetailsChanged: (task, { changed }) => {
    const { details } = task as Known
    return { ...(task as Known), details: { ...details, ...knownOf(changed) as Details } }
  },
  TaskPriorityChanged: (task, { to }) => ({ ...(task as Known), priority: to }),
  TaskDueChanged: (task, { to }) => ({ ...(task as Known), dueAt: to }),
  TaskSlaSet: (task, { to, given }) =>
    ({ ...(task as Known), sla: { ...(task as Known).sla, deadline: to, given, warned: false, violated: false, escalated: false } }),
  TaskSlaWarned: (task) => ({ ...(task as Known), sla: { ...(task as Known).sla, warned: true } }),
  TaskSlaViolated: (task) => ({ ...(task as Known), sla: { ...(task as Known).sla, violated: true } }),
  TaskNoted: (task, said, { by }) =>
    ({ ...(task as Known), notes: { count: (task as Known).notes.count + 1, last: wordsOf.note(said, by) } }),
  TaskTimeRecorded: (task, said) => ({ ...(task as Known), recorded: wordsOf.record(said) }),
  TaskQualityRated: (task, { rating, category, comments }, { by, at }) => {
    const words = wordsOf.rating({ rating, comments })
    const opinion = { by: nameOf(by), rating, at, words }
    return { ...(task as Known), ratings: new Map((task as Known).ratings).set(ratedBy(by, category), opinion) }
  },
  TaskReleased: (task, { agentSlot }, { at }) => todo(task, at, agentSlot),
  TaskBlocked(task, { kind, reason, agentSlot }, { at }) {
    const blocked = { ...leaving(task, at, agentSlot), status: 'BLOCKED' as const, block: { kind, reason } }
    return kind === 'failure' ? { ...blocked, expiries: 0 } : blocked
  },
  TaskUnblocked: (task, _, { at }) => todo(task, at),
  TaskEscalated: (task, said, { at, revision }) => {
    const { reason, to, cause } = said
    const steps = said.steps ?? []
    const block = {
      kind: 'escalation' as const, reason, to, words: wordsOf.escalation(said), revision: String(revision), steps, level: 1,
      isAcknowledged: false, raiseAt: raiseAtOf(steps, 1, at),
    }
    const { sla, escalations } = task as Known
    return {
      ...leaving(task, at, said.agentSlot), status: 'BLOCKED', block, escalations: [...escalations, at].slice(-escalations_max),
      sla: cause === 'sla' ? { ...sla, escalated: true } : sla,
    }
  },
  TaskEscalationAcknowledged: (task, { raiseAt }) => asked(task, { isAcknowledged: true, raiseAt }),
  TaskEscalationRaised: (task, { level, raiseAt }) => asked(task, { level, isAcknowledged: false, raiseAt }),
  TaskEscalationResolved: (task, { paused_ms, slaDeadline }, { at }) => {
    const { sla } = task as Known
    return { ...todo(task, at), sla: { ...sla, deadline: slaDeadline, paused_ms: sla.paused_ms + paused_ms } }
  },
  TaskCancelled: (task, { agentSlot }, { at }) =>
    ({ ...leaving(task, at, agentSlot), status: 'CANCELLED', placement: null, deferral: null }),
  TaskReopened: (task, { slaDeadline: deadline }, { at }) => {
    const { sla } = task as Known
    return { ...todo(task, at), sla: running({ deadline, given: sla.given && deadline === sla.deadline }, at, sla.imported) }
  },
  TaskDelegated: (task, said, meta) => {
    const waiting = task as Todo | Blocked
    const { note, priority, dueAt } = said
    const move = { by: meta.by, words: wordsOf.move({ note, context: {} }), percentage: waiting.percentage, policy: said.policy }
    return { ...waiting, ...moved(task, move, said, said, meta), priority, dueAt }
  },
  TaskHandedOff: (task, said, meta) => {
    const waiting = task.status === 'IN_PROGRESS' ? todo(task, meta.at, said.agentSlot) : (task as Todo | Blocked)
    const { percentage } = said.snapshot
    const move = { by: meta.by, words: wordsOf.move(said), percentage, policy: said.policy }
    return { ...waiting, ...moved(task, move, said, waiting, meta), percentage }
  },
  DelegationAccepted: (task, { delegation }) => become(task, delegation, 'ACCEPTED'),
  DelegationStarted: (task, { delegation }) => become(task, delegation, 'STARTED'),
  DelegationFailed: (task, { delegation }) => become(task, delegation, 'FAILED'),
  DelegationEnded: (task, { delegation: id, outcome }, { commandId }) => {
    const { chain, retry } = task as Known
    const delegation = chain.find((one) => one.id === id)
    const isRetried = delegation !== undefined && retried.includes(outcome)
    return { ...(task as Known), chain: chain.filter((one) => one.id !== id), retry: isRetried ? { delegation, commandId } : retry }
  },
  TaskReturned: (task, { to, retryAt, agentSlot }, { at }) => {
    const waiting = task.status === 'IN_PROGRESS' ? todo(task, at, agentSlot) : (task as Todo | Blocked)
    const { retry, nextRetryAt } = waiting
    return {
      ...waiting, ...nobody, owner: to, lastMove: null, retry: retryAt === null ? null : retry,
      nextRetryAt: retryAt === null ? nextRetryAt : later(retryAt, head_start_ms),
    }
  },
  TaskAssigned: (task, said, { at }) => {
    const { assignee, agentSlot, policy, candidates: [best], rejected, counts } = said
    const placement = policy === null ? null : { at, since: at, score: best?.score ?? null, rejected, counts }
    return { ...(task as Known), assignee, assignment: wordsOf.assignment(said), agentSlot, placement }
  },
  TaskUnassigned: (task, said, { at }) => ({ ...(task as Known), ...nobody, lapsed: lapsedOf(task as Known, said, at) }),
  TaskPlacementFailed(task, { policy, since, rejected, counts }, { at }) {
    // Nobody else was found for what came back: it is not tried again.
    const retry = isOfOrchestrators(policy) ? null : (task as Known).retry
    return { ...(task as Known), retry, placement: { at, since, score: null, rejected, counts } }
  },
  CollaborationRequested: (task, { collaborator, ...said }) => {
    const asked = { role: said.role, words: wordsOf.request(said), answer: 'asked' } as const
    return { ...(task as Known), collaborators: new Map((task as Known).collaborators).set(collaborator, asked) }
  },
  CollaborationAccepted: (task, { collaborator }) => answered(task, collaborator, 'accepted'),
  CollaborationDeclined: (task, { collaborator }) => answered(task, collaborator, 'declined'),
  CollaborationCompleted: (task, { collaborator }) => answered(task, collaborator, 'completed'),
  CollaboratorRemoved: (task, { collaborator }) => {
    const collaborators = new Map((task as Known).collaborators)
    collaborators.delete(collaborator)
    return { ...(task as Known), collaborators }
  },
  ApprovalRequired: (task, { decision, lasting }, { revision, at }) => {
    const { approvals } = task as Known
    const last = String(revision)
    const before = approvals.get(decision)
    const announced = { first: last, ...before, last, since: at, isLasting: lasting || (before?.isLasting ?? false) }
    return { ...(task as Known), approvals: new Map(approvals).set(decision, announced) }
  },
  ApprovalWithdrawn: (task, { decision }) => {
    const approvals = new Map((task as Known).approvals)
    approvals.delete(decision)
    return { ...(task as Known), approvals }
  },
}

const folded = fold('task', Task, { status: 'NONE' }, evolve)

/** Whoever does something with a task that came back has decided what becomes of it. */
const isDecided = ({ type }: TaskEvent, { by, commandId }: Meta, { retry }: Known) =>
  retry !== null && by.kind !== 'process' && type !== 'TaskNoted' && commandId !== retry.commandId

export const taskState: Fold<TaskState, TaskEvent> = {
  ...folded,
  evolve(task, fact, meta) {
    const then = folded.evolve(task, fact, meta) as Known
    return isDecided(fact, meta, then) ? { ...then, retry: null } : then
  },
}

/** The task after facts that are about to be told of it, for those that follow in the same append; nothing of theirs may be a lease. */
export const after = (task: TaskState, { at, by, organization, commandId }: Context, ...facts: readonly TaskEvent[]): Known =>
  facts.reduce<TaskState>((state, fact) =>
    taskState.evolve(state, fact, { at, by, organization, commandId, revision: 0, position: '0' }), task) as Known

/** What a fact says for those who keep figures. */
export function workOf(task: Known, at: string): Work {
  const { priority, createdAt, dueAt, details, worked_ms, failures, moved } = task
  const skill = details.requiredCapabilities[0] ?? 'none'
  const worked = worked_ms + (task.status === 'IN_PROGRESS' ? workedIn(task.lease, at) : 0)
  return { priority, createdAt, dueAt, skill, wait_ms: Math.max(0, elapsed_ms(createdAt, at) - worked), failures, moves: moved }
}

/** The place of the agent that gives its place back when a lease of the task ends. */
export const slotInUse = (task: Known): AgentSlot | null => (task.status === 'IN_PROGRESS' ? task.agentSlot : null)

export const leaseOf = (task: TaskState): Lease | null => (task.status === 'IN_PROGRESS' ? task.lease : null)

/** A task that waits for somebody to answer its escalation, which is its block. */
export const escalationOf = (task: TaskState) =>
  (task.status === 'BLOCKED' && task.block.kind === 'escalation' ? { ...task, block: task.block } : undefined)

/** The decisions without whose approval it does not start. */
export const approvalsOf = ({ approvals }: Known): readonly DecisionId[] => [...approvals.keys()]

/** Neither done nor cancelled: what depends on the task still waits. */
export const isOpen = (task: TaskState): boolean => task.status !== 'DONE' && task.status !== 'CANCELLED'
