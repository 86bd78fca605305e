import { z } from 'zod'
import { settingOf } from '../../fleet/organization/settings.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { isPrivileged, mayActAs, reject, Rejection, type Context } from '../../kernel/decider.ts'
import { digestOf } from '../../kernel/digest.ts'
import { OrchestratorId, TaskId, text, Who, type Priority } from '../../vocabulary.ts'
import { Approval, approvalAsked } from './asking.ts'
import { givenAtOnce, named, placeOfNamed } from './assigning.ts'
import { freed } from './blocks.ts'
import { dependencies_max } from './dependencies.ts'
import { fields } from './edit.ts'
import { Task } from './events.ts'
import { unknownAmong } from './graph.ts'
import { by, ending, moving, room, same, type Decision } from './guards.ts'
import { Helpers, requested } from './help.ts'
import { olderWords } from './older-words.ts'
import { queuedAt } from './queueing.ts'
import { AgentSlot, Origin } from './shapes.ts'
import { byPriority, given, type Terms } from './sla.ts'
import { after, leaseOf, type Known, type TaskState } from './state.ts'
import { over } from './unwinding.ts'

/** The deadline of a task that is wanted from now on: the one given, else the one of its priority. */
const wantedBy = (priority: Priority, deadline: string | undefined, imported: boolean, context: Context): Terms =>
  (deadline ? given(deadline) : byPriority(priority, { imported, start: context.at, paused_ms: 0 }, settingOf(context, 'slaHours')))

/** A deadline that was given and still lies ahead is kept; else there is a new one. */
const wantedAgainBy = ({ priority, sla }: Known, context: Context) =>
  wantedBy(priority, sla.given && sla.deadline! > context.at ? sla.deadline! : undefined, sla.imported, context).deadline

const Wanted = z.object({
  owner: OrchestratorId.optional(),
  title: fields.title,
  description: fields.description.optional(),
  priority: fields.priority.default('MEDIUM'),
  dueAt: fields.dueAt.optional(),
  estimatedHours: fields.estimatedHours.optional(),
  tags: fields.tags.default([]),
  requiredCapabilities: fields.requiredCapabilities.default([]),
  dependsOn: z.array(TaskId).max(dependencies_max).default([]),
  maxRetries: fields.maxRetries.default(3),
  metadata: fields.metadata.default({}),
  workspace: fields.workspace.optional(),
  channel: fields.channel.optional(),
  storyPoints: fields.storyPoints.optional(),
  slaDeadline: fields.slaDeadline.optional(),
})

/** The task is there, and waits or may be begun. */
function made(task: TaskState, data: z.output<typeof Wanted>, origin: Origin | null, context: Context): Decision {
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
  const { deadline: slaDeadline, given: slaGiven } = wantedBy(data.priority, data.slaDeadline, context.imported ?? false, context)
  return freed(task, context, Task.TaskCreated({
    ...data, owner, dependsOn, description: data.description ?? null, dueAt: data.dueAt ?? null,
    estimatedHours: data.estimatedHours ?? null, workspace: data.workspace ?? null, channel: data.channel ?? null,
    storyPoints: data.storyPoints ?? null, slaDeadline, slaGiven, origin,
  }))
}

export const lifecycle = room({
  create: {
    about: 'Ask for a piece of work. It belongs to the orchestrator that asks, or to `owner` when another does.',
    aliases: olderWords.create,
    creates: true,
    settings: ['slaHours', 'startWithin_s'],
    data: Wanted.extend({ assignee: Who.optional(), collaborators: Helpers.default([]), approval: Approval.optional() }),
    holds: (_, { owner, assignee, requiredCapabilities }, context) => [
      queuedAt(owner ?? context.actsFor, context) ?? [],
      (assignee === undefined ? undefined : placeOfNamed(assignee, requiredCapabilities, context)) ?? [],
    ].flat(),
    decide(task, { assignee, collaborators, approval, ...data }, context) {
      if (task.status !== 'NONE') return reject('ALREADY_EXISTS')
      const facts = made(task, data, null, context)
      if (facts instanceof Rejection) return facts
      const { owner } = after(task, context, ...facts)
      const asked = requested(owner, collaborators, null, context)
      if (asked instanceof Rejection) return asked
      const approvals = approval ? approvalAsked(approval, owner, collaborators, context) : []
      if (approvals instanceof Rejection) return approvals
      // Nobody begins what waits for an approval: that stands in the way of who is named, though it is said later.
      const given = assignee === undefined ? []
        : named(after(task, context, ...facts, ...approvals), { assignee, reason: null }, context)
      return given instanceof Rejection ? given : [...facts, ...given, ...asked, ...approvals]
    },
  },

  createFor: {
    about: 'Ask for a piece of work that something else is made of, and perhaps say who does it.',
    internal: true,
    settings: ['slaHours'],
    data: Wanted.extend({ owner: OrchestratorId, origin: Origin, assignee: Who.optional(), agentSlot: AgentSlot.optional() }),
    decide(task, { origin, assignee, agentSlot = null, ...data }, context) {
      // Told again, or made already.
      if (task.status !== 'NONE') return digestOf(task.origin) === digestOf(origin) ? [] : reject('ALREADY_EXISTS')
      const facts = made(task, data, origin, context)
      if (facts instanceof Rejection || assignee === undefined) return facts
      return [...facts, ...givenAtOnce(after(task, context, ...facts), assignee, agentSlot, context)]
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
        }), ...over(task, 'CANCELLED')]
        : reject('INVALID_OWNERSHIP', { owner: task.owner }))
      return by(task, 'cancel', { TODO: cancel, IN_PROGRESS: cancel, BLOCKED: cancel, CANCELLED: same })
    },
  },

  reopen: {
    about: 'Want a cancelled task again.',
    scope: 'admin',
    settings: ['slaHours'],
    data: z.object({ reason: text(500).optional() }),
    decide: (task, { reason }, context) => by(task, 'reopen', {
      TODO: same,
      CANCELLED(task) {
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        return freed(task, context, Task.TaskReopened({
          ...moving(task), reason: reason ?? null, slaDeadline: wantedAgainBy(task, context), dependsOn: [...task.dependsOn],
        }))
      },
    }),
  },
})
