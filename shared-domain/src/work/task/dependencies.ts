import { z } from 'zod'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { TaskId, text } from '../../vocabulary.ts'
import { waiting } from './blocks.ts'
import { Task, type TaskEvent } from './events.ts'
import { circleClosed, cycleThrough, openAmong, unknownAmong } from './graph.ts'
import { by, moving, room, type Decision } from './guards.ts'
import type { Known } from './state.ts'

export const dependencies_max = 100

type WaitingLess = Extract<TaskEvent, { type: 'DependencyRemoved' | 'DependencyWithdrawn' }>

/** The task waits for one less; it goes on when that was the last. */
function waitingLess(task: Known, less: WaitingLess, how: 'removed' | 'withdrawn', context: Context): readonly TaskEvent[] {
  const waits = task.status === 'BLOCKED' && task.block.kind === 'dependencies'
  if (!waits || openAmong(less.data.dependsOn, context).length > 0) return [less]
  return [less, Task.TaskUnblocked({ ...moving(task), kind: 'dependencies', reason: `the last dependency was ${how}` })]
}

export const dependencies = room({
  addDependency: {
    about: 'Make the task wait for one more task.',
    route: 'POST /tasks/:id/dependencies',
    data: z.object({ dependency: TaskId }),
    decide(task, { dependency }, context) {
      const add = (task: Known): Decision => {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        if (task.dependsOn.includes(dependency)) return []
        if (unknownAmong([dependency], context).length > 0) return reject('DEPENDENCY_UNKNOWN', { unknown: [dependency] })
        if (task.dependsOn.length >= dependencies_max) return reject('DEPENDENCY_LIMIT', { max: dependencies_max })
        const cycle = cycleThrough(context.id, dependency, context)
        if (cycle === 'unknown') return reject('DEPENDENCY_LIMIT')
        if (cycle) return reject('DEPENDENCY_CYCLE', { cycle })
        const added = Task.DependencyAdded({ owner: task.owner, dependency, dependsOn: [...task.dependsOn, dependency] })
        const waits = task.status === 'TODO' && openAmong([dependency], context).length > 0
        return waits ? [added, waiting(task, [dependency], context)] : [added]
      }
      return by(task, 'addDependency', { TODO: add, BLOCKED: add })
    },
  },

  removeDependency: {
    about: 'Let the task wait for one task less.',
    route: 'DELETE /tasks/:id/dependencies/:dependency',
    data: z.object({ dependency: TaskId, reason: text(500).optional() }),
    decide(task, { dependency, reason = null }, context) {
      const remove = (task: Known): Decision => {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        if (!task.dependsOn.includes(dependency)) return []
        const dependsOn = task.dependsOn.filter((id) => id !== dependency)
        return waitingLess(task, Task.DependencyRemoved({ owner: task.owner, dependency, dependsOn, reason }), 'removed', context)
      }
      return by(task, 'removeDependency', { TODO: remove, BLOCKED: remove })
    },
  },

  breakCircle: {
    about: 'Waits that were added at the same moment may have closed a circle: withdraw this one if, in the order of the log, it did.',
    internal: true,
    data: z.object({ dependency: TaskId }),
    decide(task, { dependency }, context) {
      // What is cancelled may be reopened.
      if (task.status === 'NONE' || task.status === 'DONE' || !task.dependsOn.includes(dependency)) return []
      const cycle = circleClosed(context.id, dependency, context)
      if (!cycle) return []
      const dependsOn = task.dependsOn.filter((id) => id !== dependency)
      const withdrawn = Task.DependencyWithdrawn({ owner: task.owner, dependency, dependsOn, cycle: [...cycle] })
      return waitingLess(task, withdrawn, 'withdrawn', context)
    },
  },

  settleDependencies: {
    about: 'A task that this one waits for has ended: go on if it was the last.',
    internal: true,
    data: z.object({}),
    decide(task, _, context) {
      if (task.status !== 'BLOCKED' || task.block.kind !== 'dependencies') return []
      if (openAmong(task.dependsOn, context).length > 0) return []
      return [Task.TaskUnblocked({ ...moving(task), kind: 'dependencies', reason: 'the last dependency ended' })]
    },
  },

  waitForDependencies: {
    about: 'A task that this one depends on is wanted, or wanted again: wait for it.',
    internal: true,
    data: z.object({}),
    decide(task, _, context) {
      const open = task.status === 'TODO' ? openAmong(task.dependsOn, context) : []
      return open.length > 0 ? [waiting(task as Known, open, context)] : []
    },
  },
})
