import { capacity } from '../../fleet/capacity/decider.ts'
import { admission_ms } from '../../fleet/capacity/state.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import type { Context, Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { CommandId, TaskId } from '../../vocabulary.ts'

/**
 * The place in the queue of who is to have the task, where it has an end: that is noted with the orchestrator, so that all others pay
 * nothing. What is imported waited long since.
 */
export function queuedAt(owner: string | null | undefined, { id, commandId, imported, look }: Context): Hold | undefined {
  if (!owner || imported) return undefined
  const known = look(orchestratorState, owner)
  if (known.stage !== 'registered' || known.maxQueueSize === null) return undefined
  const place = { task: TaskId.parse(id), command: CommandId.parse(commandId) }
  return {
    take: send(capacity, owner, 'admit', place),
    giveBack: () => send(capacity, owner, 'dismiss', place),
    within_ms: admission_ms,
  }
}
