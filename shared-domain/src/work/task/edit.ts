import { z } from 'zod'
import { settingOf } from '../../fleet/organization/settings.ts'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { DecisionId, DueInstant, Metadata, Priority, text } from '../../vocabulary.ts'
import { isLater, type Terms } from './chain.ts'
import { differing } from './details.ts'
import { Task, type TaskEvent } from './events.ts'
import { by, overreach, room, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { byPriority, given, warnAtOf } from './sla.ts'
import type { Known } from './state.ts'

/** What a task is asked for with, and edited by; what may be cleared is null then. */
export const fields = {
  title: text(500),
  description: z.string().max(5_000),
  priority: Priority,
  dueAt: DueInstant,
  estimatedHours: z.number().min(1).max(1_000),
  tags: z.array(text(50)).max(50),
  requiredCapabilities: z.array(text(100)).max(50),
  maxRetries: z.int().min(0).max(10),
  metadata: Metadata,
  workspace: text(100),
  channel: text(100),
  storyPoints: z.number().min(0).max(1_000),
  slaDeadline: DueInstant,
}

const cleared = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional()

const Wish = z.object({
  title: fields.title.optional(),
  description: cleared(fields.description),
  priority: fields.priority.optional(),
  dueAt: cleared(fields.dueAt),
  estimatedHours: cleared(fields.estimatedHours),
  tags: fields.tags.optional(),
  requiredCapabilities: fields.requiredCapabilities.optional(),
  maxRetries: fields.maxRetries.optional(),
  metadata: fields.metadata.optional(),
  workspace: cleared(fields.workspace),
  channel: cleared(fields.channel),
  storyPoints: cleared(fields.storyPoints),
  slaDeadline: cleared(fields.slaDeadline),
})
type Wish = z.output<typeof Wish>

interface Wanted { readonly priority: Priority; readonly slaDeadline?: string | null | undefined }

/** The deadline is another one with these terms: what is told of that, if it is. What was passed on is not later for being less urgent. */
export function slaSet(
  { owner, sla, priority: before, chain }: Known, { priority, slaDeadline }: Wanted, reason: string | null, context: Context,
) {
  const follows = slaDeadline === null || (slaDeadline === undefined && priority !== before && !sla.given)
  if (!follows && !slaDeadline) return []
  const { deadline, given: isGiven } = slaDeadline ? given(slaDeadline) : byPriority(priority, sla, settingOf(context, 'slaHours'))
  if (deadline === sla.deadline) return []
  if (slaDeadline === undefined && chain.length > 0 && isLater(deadline, sla.deadline)) return []
  const warnAt = warnAtOf({ ...sla, deadline, warned: false, violated: false })
  return [Task.TaskSlaSet({ owner, from: sla.deadline, to: deadline, given: isGiven, warnAt, reason })]
}

type Cause = 'hand' | 'decision'

function edited(task: Known, wanted: Wish, cause: Cause, reason: string | null, context: Context): Decision {
  const { priority = task.priority, dueAt, slaDeadline, ...wish } = wanted
  const { owner } = task
  const facts: TaskEvent[] = []
  const terms: { -readonly [Name in keyof Terms]?: Terms[Name] } = {}
  const details = differing(task.details, wish)
  if (details) facts.push(Task.TaskDetailsChanged({ owner, ...details, reason }))
  const set = slaSet(task, { priority, slaDeadline }, reason, context)
  if (set[0]) terms.slaDeadline = set[0].data.to
  if (priority !== task.priority) {
    terms.priority = priority
    const after = set.length > 0 ? set[0]!.data.to : task.sla.deadline
    facts.push(Task.TaskPriorityChanged({ owner, from: task.priority, to: priority, cause, slaDeadline: after, reason }))
  }
  if (dueAt !== undefined && dueAt !== task.dueAt) {
    terms.dueAt = dueAt
    facts.push(Task.TaskDueChanged({ owner, from: task.dueAt, to: dueAt, dependsOn: [...task.dependsOn], reason }))
  }
  return overreach(task, terms, context) ?? [...facts, ...set]
}

export const edit = room({
  edit: {
    about: 'Change what is known of an open task: what is given is replaced whole, null clears what may be null.',
    aliases: olderWords.edit,
    route: 'PATCH /tasks/:id',
    settings: ['slaHours'],
    data: Wish.extend({ reason: text(500).optional() }),
    decide(task, { reason = null, ...wish }, context) {
      const change = (task: Known): Decision =>
        (mayActAs(context, task.owner) ? edited(task, wish, 'hand', reason, context) : reject('INVALID_OWNERSHIP', { owner: task.owner }))
      return by(task, 'edit', { TODO: change, IN_PROGRESS: change, BLOCKED: change })
    },
  },

  reprioritize: {
    about: 'It was decided how pressing the task is.',
    internal: true,
    settings: ['slaHours'],
    data: z.object({ priority: Priority, decision: DecisionId }),
    decide(task, { priority, decision }, context) {
      const change = (task: Known): Decision => edited(task, { priority }, 'decision', `decision ${decision}`, context)
      return by(task, 'reprioritize', { TODO: change, IN_PROGRESS: change, BLOCKED: change })
    },
  },
})
