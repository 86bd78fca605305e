import { z } from 'zod'
import { decisionState, permits } from '../../council/decision/state.ts'
import { capacity, reservation_ms } from '../../fleet/capacity/decider.ts'
import { isWorking, orchestratorState } from '../../fleet/orchestrator/state.ts'
import { mayActAs, reject, type Circumstances, type Context, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { elapsed_ms } from '../../kernel/time.ts'
import { CommandId, TaskId } from '../../vocabulary.ts'
import { Task } from './events.ts'
import { openAmong } from './graph.ts'
import { by, moving, room, unfit, type Decision } from './guards.ts'
import { Selection } from './shapes.ts'
import { approvalsOf, workOf, type Known, type TaskState } from './state.ts'

/** A task cannot start without a slot: it is reserved first, on the owner's capacity stream (S-40). */
function takeSlot(task: TaskState, _: unknown, { id, commandId }: Circumstances): Hold {
  const { owner } = task as Known
  const slot = { task: TaskId.parse(id), command: CommandId.parse(commandId) }
  return {
    take: send(capacity, owner, 'reserve', slot),
    giveBack: () => send(capacity, owner, 'release', { ...slot, reason: 'not-started' }),
    within_ms: reservation_ms,
  }
}

const started = (task: TaskState, selection: z.output<typeof Selection> | null, context: Context): Decision => by(task, 'start', {
  TODO(task) {
    if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
    if (task.nextRetryAt !== null && task.nextRetryAt > context.at) return reject('RETRY_NOT_DUE', { nextRetryAt: task.nextRetryAt })
    const undecided = approvalsOf(task).filter((decision) => !permits(context.look(decisionState, decision)))
    if (undecided.length > 0) return reject('CONSENSUS_REQUIRED', { decisions: undecided })
    // One that was cancelled when this task was let go may have been reopened.
    const open = openAmong(task.dependsOn, context)
    if (open.length > 0) return reject('DEPENDENCIES_UNMET', { open })
    if (!isWorking(context.look(orchestratorState, task.owner))) return reject('ORCHESTRATOR_UNAVAILABLE', { orchestrator: task.owner })
    const waited_ms = Math.max(0, elapsed_ms(task.since, context.at))
    return [Task.TaskStarted({
      ...moving(task), slot: CommandId.parse(context.commandId), attempt: task.attempt, waited_ms, selection, holder: task.owner,
      agent: null, outsideHours: null, run: null, origin: task.origin, work: workOf(task, context.at),
    })]
  },
  BLOCKED: (task) =>
    (task.block.kind === 'dependencies' ? reject('DEPENDENCIES_UNMET', { dependsOn: [...task.dependsOn] }) : unfit(task, 'start')),
})

export const start = room({
  start: {
    about: 'Take the task up. The revision in the answer is the token of the lease.',
    scope: 'execute',
    data: z.object({}),
    holds: takeSlot,
    decide: (task, _, context) => started(task, null, context),
  },

  startSelected: {
    about: 'Take up the task that was picked among others.',
    internal: true,
    scope: 'execute',
    data: z.object({ selection: Selection }),
    holds: takeSlot,
    decide: (task, { selection }, context) => started(task, selection, context),
  },
})
