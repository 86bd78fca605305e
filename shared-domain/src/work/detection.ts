import { process, send } from '../kernel/process.ts'
import { later, second_ms } from '../kernel/time.ts'
import { conflict } from './conflict/decider.ts'
import { conflictId } from './conflict/state.ts'
import type { DependentsEvent } from './dependents/events.ts'
import type { TaskEvent } from './task/events.ts'

/** What is still being said is waited for. */
const silence_ms = 5 * second_ms

interface Told { readonly organization: string; readonly at: string }

/** One timer per conflict: the last fact that concerns it counts. */
const late = ({ organization, at }: Told, subjects: readonly string[]) => subjects.map((subject) => {
  const id = conflictId(organization, 'deadline', subject)
  return send(conflict, id, 'detect', { kind: 'deadline', subject }, { due: later(at, silence_ms), key: `conflict-${id}` })
})

interface Dated extends Told { readonly id: string; readonly data: { readonly dependsOn: readonly string[] | null } }

/** Another time may be due for it: it may be in the way of others, and others in its way. */
const passed = (fact: Dated) => late(fact, [fact.id, ...fact.data.dependsOn ?? []])

/** It is in the way of others no more, of which its dependents hear, and others may be no more in its own. */
const ended = (fact: Dated) => late(fact, fact.data.dependsOn ?? [])

/** A task for which nobody waits stands in nobody's way. */
export const detection = process<TaskEvent | DependentsEvent>({
  name: 'detection',
  about: 'Looks for tasks that are due later than those that wait for them, and sees when that is over.',
  react: {
    TaskCreated: (fact) => late(fact, fact.data.dependsOn),
    DependencyAdded: (fact) => late(fact, [fact.data.dependency]),
    DependencyWithdrawn: (fact) => late(fact, [fact.data.dependency]),
    DependencyRemoved: (fact) => late(fact, [fact.data.dependency]),
    TaskDueChanged: passed,
    TaskDelegated: passed,
    TaskHandedOff: passed,
    TaskCompleted: ended,
    TaskCancelled: ended,
    TaskReopened: ended,
    DependentsReleased: (fact) => late(fact, [fact.id]),
    DependentsRecalled: (fact) => late(fact, [fact.id]),
  },
})
