import { decisionState, permits } from '../../council/decision/state.ts'
import { isReachable, orchestratorState } from '../../fleet/orchestrator/state.ts'
import { commandsOf, isPrivileged, mayActAs, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { exceeding, type Terms } from './chain.ts'
import type { TaskEvent } from './events.ts'
import type { rejections } from './rejections.ts'
import type { TaskStatus } from './shapes.ts'
import { approvalsOf, slotInUse, workOf, type InProgress, type Known, type TaskState } from './state.ts'

type Code = keyof typeof rejections
export type Decision = readonly TaskEvent[] | Rejection<Code>

/** Some of the commands of a task. */
export const room = commandsOf<TaskState, TaskEvent, Code>()

export const unfit = (task: Known, command: string) => reject('INVALID_STATE_TRANSITION', { command, status: task.status })

type Branches = { readonly [S in TaskStatus]?: (task: Extract<Known, { status: S }>) => Decision }

/** Runs the branch for the task's status; statuses without a branch refuse the command. This is the state table S-1 to S-14. */
export function by(task: TaskState, command: string, branches: Branches): Decision {
  if (task.status === 'NONE') return reject('NOT_FOUND')
  const branch = branches[task.status] as ((task: Known) => Decision) | undefined
  return branch ? branch(task) : unfit(task, command)
}

export const same = (): Decision => []
export const stale = (): Decision => reject('STALE_LEASE')

/** What a fact that moves a task carries. */
export const moving = (task: Known) => ({ owner: task.owner, from: task.status })

/** What a fact carries that may end a lease: with it goes the place of the agent that worked. */
export const ending = (task: Known, { at }: Context) => ({ ...moving(task), agentSlot: slotInUse(task), work: workOf(task, at) })

export const isAgent = ({ by }: Pick<Context, 'by'>, agent: string | null | undefined): boolean => by.kind === 'agent' && by.id === agent

/** The lease has one token, which its agent may show as well as whoever acts as the holder; an admin may leave it out. */
export const holds = ({ lease }: InProgress, token: string | undefined, context: Context): boolean => (token === undefined
  ? isPrivileged(context)
  : (mayActAs(context, lease.holder) || isAgent(context, lease.agent)) && lease.token === token)

/**
 * A command of the lease holder: without the current token it is refused, whatever the status. What another log tells has its own order;
 * what happens here may be a little early by the clock of another machine, and is not.
 */
export function byHolder(
  task: TaskState, command: string, token: string | undefined, context: Context, decide: (task: InProgress) => Decision,
): Decision {
  return by(task, command, {
    TODO: stale, BLOCKED: stale, CANCELLED: stale,
    IN_PROGRESS(task) {
      if (!holds(task, token, context)) return stale()
      return context.imported && context.at < task.lease.since ? reject('BEFORE_START', { startedAt: task.lease.since }) : decide(task)
    },
  })
}

/** Why the orchestrator cannot take the task over, if it cannot. */
export function unable(to: OrchestratorId, { look, organization }: Context) {
  const target = look(orchestratorState, to)
  if (target.stage === 'unknown') return reject('ORCHESTRATOR_UNKNOWN', { orchestrator: to })
  if (target.organization !== organization) return reject('DIFFERENT_ORGANIZATION', { orchestrator: to })
  return isReachable(target) ? undefined : reject('ORCHESTRATOR_UNAVAILABLE', { orchestrator: to })
}

/** Why the task must not start or be given out yet, if decisions about it are not approved. */
export function undecided(task: Known, { look }: Context) {
  const decisions = approvalsOf(task).filter((decision) => !permits(look(decisionState, decision)))
  return decisions.length > 0 ? reject('CONSENSUS_REQUIRED', { decisions }) : undefined
}

/** Why these terms must not be set, if whoever has the task by a delegation would give more than it was left (W-42). */
export function overreach({ chain }: Known, set: Partial<Terms>, context: Context) {
  const exceeded = isPrivileged(context) ? undefined : exceeding(chain, set)
  return exceeded && reject('TERMS_EXCEEDED', exceeded)
}
