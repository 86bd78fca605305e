import type { CapacityEvent } from '../fleet/capacity/events.ts'
import { process, send } from '../kernel/process.ts'
import { later, second_ms } from '../kernel/time.ts'
import { conflict } from './conflict/decider.ts'
import { conflictId } from './conflict/state.ts'
import type { DependentsEvent } from './dependents/events.ts'
import type { TaskEvent } from './task/events.ts'

/** What is still being said is waited for. */
const silence_ms = 5 * second_ms

const critical = 'CRITICAL'

interface Told { readonly organization: string; readonly at: string }

/** One timer per conflict: the last fact that concerns it counts. */
const detect = (kind: 'deadline' | 'priority') => ({ organization, at }: Told, subjects: readonly string[]) => subjects.map((subject) => {
  const id = conflictId(organization, kind, subject)
  return send(conflict, id, 'detect', { kind, subject }, { due: later(at, silence_ms), key: `conflict-${id}` })
})

/** Of each of these tasks it is asked whether it is due too late for those that wait for it. */
const late = detect('deadline')
/** Of each of these orchestrators it is asked whether it can do what is critical in time. */
const busy = detect('priority')

interface Dated extends Told { readonly id: string; readonly data: { readonly dependsOn: readonly string[] | null } }

interface Weighty extends Told {
  readonly data: { readonly owner: string; readonly priority: string | null }
}

/** Whether it was critical is not known of older facts. */
const weighty = (fact: Weighty) => (fact.data.priority === null || fact.data.priority === critical ? busy(fact, [fact.data.owner]) : [])

interface Passed extends Told { readonly data: { readonly owner: string; readonly to: string } }

const handed = (fact: Passed) => busy(fact, [fact.data.owner, fact.data.to])

/** Another time may be due for it: it may be in the way of others, and others in its way. */
const passed = (fact: Dated) => late(fact, [fact.id, ...fact.data.dependsOn ?? []])

/** It is in the way of others no more, of which its dependents hear, and others may be no more in its own. */
const ended = (fact: Dated) => late(fact, fact.data.dependsOn ?? [])

export const detection = process<TaskEvent | DependentsEvent | CapacityEvent>({
  name: 'detection',
  about: 'Looks for tasks that are due later than those that wait for them, and for orchestrators that have more critical work than time; '
    + 'and sees when that is over.',
  react: {
    TaskCreated: (fact) => [
      ...late(fact, fact.data.dependsOn), ...(fact.data.dueAt !== null && fact.data.estimatedHours !== null ? weighty(fact) : []),
    ],
    TaskPriorityChanged: (fact) => ([fact.data.from, fact.data.to].includes(critical) ? busy(fact, [fact.data.owner]) : []),
    TaskDetailsChanged: (fact) => ('estimatedHours' in fact.data.changed ? busy(fact, [fact.data.owner]) : []),
    TaskReturned: handed,
    CapacitySet: (fact) => busy(fact, [fact.id]),
    DependencyAdded: (fact) => late(fact, [fact.data.dependency]),
    DependencyWithdrawn: (fact) => late(fact, [fact.data.dependency]),
    DependencyRemoved: (fact) => late(fact, [fact.data.dependency]),
    TaskDueChanged: (fact) => [...passed(fact), ...busy(fact, [fact.data.owner])],
    TaskDelegated: (fact) => [...passed(fact), ...handed(fact)],
    TaskHandedOff: (fact) => [...passed(fact), ...handed(fact)],
    TaskCompleted: (fact) => [...ended(fact), ...weighty(fact)],
    TaskCancelled: (fact) => [...ended(fact), ...weighty(fact)],
    TaskReopened: (fact) => [...ended(fact), ...busy(fact, [fact.data.owner])],
    DependentsReleased: (fact) => late(fact, [fact.id]),
    DependentsRecalled: (fact) => late(fact, [fact.id]),
  },
})
