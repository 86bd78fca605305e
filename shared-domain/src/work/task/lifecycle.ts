import { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { isPrivileged, mayActAs, reject } from '../../kernel/decider.ts'
import { DueInstant, Metadata, OrchestratorId, Priority, TaskId, text } from '../../vocabulary.ts'
import { freed } from './blocks.ts'
import { dependencies_max } from './dependencies.ts'
import { Task } from './events.ts'
import { unknownAmong } from './graph.ts'
import { by, ending, moving, room, same, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { leaseOf, type Known } from './state.ts'

export const lifecycle = room({
  create: {
    about: 'Ask for a piece of work. It belongs to the orchestrator that asks, or to `owner` when another does.',
    aliases: olderWords.create,
    creates: true,
    data: z.object({
      owner: OrchestratorId.optional(),
      title: text(500),
      description: z.string().max(5_000).optional(),
      priority: Priority.default('MEDIUM'),
      dueAt: DueInstant.optional(),
      estimatedHours: z.number().min(1).max(1_000).optional(),
      tags: z.array(text(50)).max(50).default([]),
      requiredCapabilities: z.array(text(100)).max(50).default([]),
      dependsOn: z.array(TaskId).max(dependencies_max).default([]),
      maxRetries: z.int().min(0).max(10).default(3),
      metadata: Metadata.default({}),
    }),
    decide(task, data, context) {
      if (task.status !== 'NONE') return reject('ALREADY_EXISTS')
      const owner = data.owner ?? OrchestratorId.nullable().parse(context.actsFor)
      if (!owner) return reject('OWNER_REQUIRED')
      if (!mayActAs(context, owner)) return reject('INVALID_OWNERSHIP', { owner })
      const known = context.look(orchestratorState, owner)
      if (known.stage !== 'registered' || known.organization !== context.organization)
        return reject('ORCHESTRATOR_UNKNOWN', { orchestrator: owner })
      const dependsOn = [...new Set(data.dependsOn)]
      if ((dependsOn as string[]).includes(context.id)) return reject('DEPENDENCY_CYCLE', { cycle: [context.id, context.id] })
      const unknown = unknownAmong(dependsOn, context)
      if (unknown.length > 0) return reject('DEPENDENCY_UNKNOWN', { unknown })
      return freed(task, context, Task.TaskCreated({
        ...data, owner, dependsOn, description: data.description ?? null, dueAt: data.dueAt ?? null,
        estimatedHours: data.estimatedHours ?? null, workspace: null, channel: null, storyPoints: null, slaDeadline: null, slaGiven: false,
        origin: null,
      }))
    },
  },

  cancel: {
    about: 'Say that the task is no longer wanted.',
    aliases: olderWords.cancel,
    data: z.object({ reason: text(500).optional() }),
    decide(task, { reason }, context) {
      const cancel = (task: Known): Decision => (mayActAs(context, task.owner)
        ? [Task.TaskCancelled({
          ...ending(task, context), agentSlot: task.agentSlot, reason: reason ?? null, lease: leaseOf(task), priority: task.priority,
          escalation: task.status === 'BLOCKED' && task.block.kind === 'escalation' ? task.block.revision : null,
          dependsOn: [...task.dependsOn], origin: task.origin,
        })]
        : reject('INVALID_OWNERSHIP', { owner: task.owner }))
      return by(task, 'cancel', { TODO: cancel, IN_PROGRESS: cancel, BLOCKED: cancel, CANCELLED: same })
    },
  },

  reopen: {
    about: 'Want a cancelled task again.',
    scope: 'admin',
    data: z.object({ reason: text(500).optional() }),
    decide: (task, { reason }, context) => by(task, 'reopen', {
      TODO: same,
      CANCELLED(task) {
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        return freed(task, context, Task.TaskReopened({
          ...moving(task), reason: reason ?? null, slaDeadline: null, dependsOn: [...task.dependsOn],
        }))
      },
    }),
  },
})
