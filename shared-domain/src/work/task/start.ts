import { z } from 'zod'
import { capacity } from '../../fleet/capacity/decider.ts'
import { needsOf, reservation_ms } from '../../fleet/capacity/slots.ts'
import { isWorking, orchestratorState } from '../../fleet/orchestrator/state.ts'
import { organizationState } from '../../fleet/organization/state.ts'
import { mayActAs, reject, Rejection, type Answers, type Context, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { elapsed_ms } from '../../kernel/time.ts'
import { AgentId, CommandId, Int64, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import { context as taskContext } from '../questions/context.ts'
import { holderOf, workerOf } from './assignees.ts'
import { notYet } from './deferring.ts'
import { Task } from './events.ts'
import { openAmong } from './graph.ts'
import { by, isAgent, moving, room, undecided, unfit, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { deferredUntil, isDeferred, OnUnavailable, outside, untilOpen } from './outside-hours.ts'
import { Run, Selection } from './shapes.ts'
import { leaseOf, workOf, type Known, type TaskState } from './state.ts'
import { startedFor } from './unwinding.ts'

/**
 * A task cannot start without a slot: it is reserved first, on the capacity stream of the holder (S-40). One that is to wait for hours
 * takes none.
 */
function takeSlot(task: TaskState, wish: OnUnavailable, context: Context): Hold | undefined {
  const holder = holderOf(task as Known)
  if (isDeferred(outside(holder, task as Known, wish, context))) return undefined
  const { id, commandId } = context
  const slot = { task: TaskId.parse(id), command: CommandId.parse(commandId) }
  const { capabilities, ...needs } = needsOf(task as Known)
  return {
    take: send(capacity, holder, 'reserve', { ...slot, ...needs, capabilities: [...capabilities] }),
    giveBack: () => send(capacity, holder, 'release', { ...slot, reason: 'not-started' }),
    within_ms: reservation_ms,
  }
}

/** Whose budget lets nothing start now, the holder's or the organization's. What is imported has been used long since. */
function exhaustedFor(holder: string, { at, imported, organization, look }: Context) {
  if (imported) return undefined
  const known = look(orchestratorState, holder)
  const own = known.stage === 'unknown' ? null : known.guarded.budget
  if (own && at < own.until) return { holder, ...own }
  const { budget: all } = look(organizationState, organization)
  return all && at < all.until ? { holder: organization, ...all } : undefined
}

type Why = { readonly selection: z.output<typeof Selection> } | { readonly run: z.output<typeof Run> } | null

const started = (task: TaskState, why: Why, wish: OnUnavailable, context: Context): Decision => by(task, 'start', {
  TODO(task) {
    const holder = holderOf(task)
    const agent = task.agentSlot?.agent ?? null
    if (!mayActAs(context, holder) && !isAgent(context, agent)) return reject('INVALID_OWNERSHIP', { owner: task.owner, holder })
    if (task.nextRetryAt !== null && task.nextRetryAt > context.at) return reject('RETRY_NOT_DUE', { nextRetryAt: task.nextRetryAt })
    const refusal = undecided(task, context)
    if (refusal) return refusal
    // One that was cancelled when this task was let go may have been reopened.
    const open = openAmong(task.dependsOn, context)
    if (open.length > 0) return reject('DEPENDENCIES_UNMET', { open })
    if (!isWorking(context.look(orchestratorState, holder))) return reject('ORCHESTRATOR_UNAVAILABLE', { orchestrator: holder })
    const outsideHours = outside(holder, task, wish, context)
    if (outsideHours instanceof Rejection) return outsideHours
    if (isDeferred(outsideHours)) return untilOpen(task, task.owner, outsideHours, context)
    const exhausted = exhaustedFor(holder, context)
    if (exhausted) return reject('BUDGET_EXHAUSTED', exhausted)
    const waited_ms = Math.max(0, elapsed_ms(task.since, context.at))
    return [...startedFor(task), Task.TaskStarted({
      ...moving(task), slot: CommandId.parse(context.commandId), attempt: task.attempt, waited_ms, selection: null, run: null, ...why,
      holder, agent, outsideHours, origin: task.origin, work: workOf(task, context.at),
    })]
  },
  BLOCKED: (task) =>
    (task.block.kind === 'dependencies' ? reject('DEPENDENCIES_UNMET', { dependsOn: [...task.dependsOn] }) : unfit(task, 'start')),
})

/** What whoever works needs. */
const answers: Answers<TaskState> = {
  fields: z.object({
    token: Int64.nullable().describe('Of the lease: whoever tells of the work shows it. Null where it waits for hours instead.'),
    slot: CommandId.nullable().describe('Of the capacity that the lease takes.'),
    agent: AgentId.nullable().describe('Who works, where it is an agent.'),
    context: z.string().describe('Where to read what is to be known of the task, below the version.'),
    deferredUntil: StoredInstant.nullable().describe('Until when it waits instead, for the hours of whoever is to work.'),
  }),
  of(task, { id }) {
    const { token, slot, agent } = leaseOf(task) ?? noLease
    return { token, slot, agent, context: `/tasks/${id}/context`, deferredUntil: deferredUntil(task as Known) }
  },
}

const noLease = { token: null, slot: null, agent: null }

export const start = room({
  start: {
    about: 'Take the task up. The answer has the token of the lease, which is also its revision.',
    aliases: olderWords.start.map((words) => ({ ...words, shows: { question: taskContext, params: (task: string) => ({ task }) } })),
    scope: 'execute',
    gated: 'start',
    data: z.object({ onUnavailable: OnUnavailable }),
    answers,
    holds: (task, { onUnavailable }, context) => takeSlot(task, onUnavailable, context),
    decide: (task, { onUnavailable }, context) => started(task, null, onUnavailable, context),
  },

  startSelected: {
    about: 'Take up the task that was picked among others by the orchestrator that may claim it.',
    internal: true,
    scope: 'execute',
    gated: 'start',
    data: z.object({ worker: OrchestratorId, selection: Selection }),
    answers,
    holds: (task, _, context) => takeSlot(task, 'reject', context),
    decide(task, { worker, selection }, context) {
      const isTheirs = task.status === 'NONE' || workerOf(task.owner, task.assignee) === worker
      if (!isTheirs) return reject('INVALID_OWNERSHIP', { owner: task.owner })
      return notYet(task, context) ?? started(task, { selection }, 'reject', context)
    },
  },

  startInRun: {
    about: 'Take the task up as an item of a batch: the end of its lease is the end of the item. It waits for no hours.',
    internal: true,
    scope: 'execute',
    data: z.object({ run: Run }),
    holds: (task, _, context) => takeSlot(task, 'reject', context),
    decide: (task, { run }, context) => started(task, { run }, 'reject', context),
  },
})
