import { z } from 'zod'
import { StoredInstant } from '../../vocabulary.ts'
import { elapsed_ms } from '../../kernel/time.ts'
import { Task } from './events.ts'
import { room } from './guards.ts'
import { warnAtOf } from './sla.ts'
import { isOpen, workOf, type Known, type TaskState } from './state.ts'

const Deadline = z.object({ slaDeadline: StoredInstant })

/** Of an open task with this deadline whose clock runs: an escalated one waits. */
const isRunning = (task: TaskState, slaDeadline: string): task is Known => task.status !== 'NONE' && isOpen(task)
  && task.sla.deadline === slaDeadline && !task.sla.violated && !(task.status === 'BLOCKED' && task.block.kind === 'escalation')

/** The deadline has passed: told once. */
export const violation = (task: Known, at: string) =>
  (task.sla.deadline !== null && !task.sla.violated && at > task.sla.deadline
    ? [Task.TaskSlaViolated({
      owner: task.owner, slaDeadline: task.sla.deadline, overdue_ms: elapsed_ms(task.sla.deadline, at), status: task.status,
      priority: task.priority, assignee: task.assignee, work: workOf(task, at),
    })]
    : [])

export const clock = room({
  warnSla: {
    about: 'A fifth of the time until the deadline is left: say so once.',
    internal: true,
    data: Deadline,
    decide(task, { slaDeadline }, { at }) {
      if (!isRunning(task, slaDeadline)) return []
      const passed = violation(task, at)
      const warnAt = warnAtOf(task.sla)
      if (passed.length > 0 || warnAt === null || at < warnAt) return passed
      return [Task.TaskSlaWarned({ owner: task.owner, slaDeadline, assignee: task.assignee })]
    },
  },

  violateSla: {
    about: 'The deadline has passed while the task is open: say so once.',
    internal: true,
    data: Deadline,
    decide: (task, { slaDeadline }, { at }) => (isRunning(task, slaDeadline) ? violation(task, at) : []),
  },
})
