import { z } from 'zod'
import { settingOf } from '../../fleet/organization/settings.ts'
import { isPrivileged, mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { day_ms, elapsed_ms, later, second_ms } from '../../kernel/time.ts'
import { Int64, Metadata, priorities, StoredInstant, text, Who } from '../../vocabulary.ts'
import { freed } from './blocks.ts'
import { Task } from './events.ts'
import { by, moving, room, unfit, type Decision } from './guards.ts'
import { admins, raiseAtOf, stepsOf } from './ladder.ts'
import { olderWords } from './older-words.ts'
import { resumed, warnAtOf } from './sla.ts'
import { escalationOf, escalations_max, leaseOf, slotInUse, wordsOf, type Escalation, type Known, type TaskState } from './state.ts'

interface Asked {
  readonly to: string | null
  readonly people: string[]
  readonly reason: string
  readonly severity: (typeof priorities)[number]
  readonly context: z.output<typeof Metadata>
}

/** Somebody else has to decide: who is asked in turn is fixed from now on. */
const escalated = (task: Known, asked: Asked, cause: 'hand' | 'sla', context: Context) => [Task.TaskEscalated({
  ...moving(task), ...asked, lease: leaseOf(task), steps: stepsOf(asked.to, asked.people, settingOf(context, 'escalationLadder')), cause,
  agentSlot: slotInUse(task),
})]

/** Why the task is not to be escalated once more, if it has been so often of late (W-17). */
function overdone({ escalations }: Known, context: Context) {
  const recent = escalations.filter((at) => elapsed_ms(at, context.at) < day_ms)
  return recent.length >= escalations_max && !isPrivileged(context)
    ? reject('ESCALATION_LIMIT', { escalations: recent.length, within: 'P1D' }) : undefined
}

/** Who may answer: an admin, whom it was put to, a tool for somebody who was asked by now (W-47). */
function mayAnswer({ to, steps, level }: Escalation, person: string | undefined, context: Context): boolean {
  if (isPrivileged(context) || (to !== null && to === context.actsFor)) return true
  const isNamed = person !== undefined && person !== admins
  return context.by.kind === 'tool' && isNamed && steps.slice(0, level).some(({ people }) => people.includes(person))
}

/** What is said to an escalation that stands, by who may. */
const answered = (
  task: TaskState, command: string, person: string | undefined, context: Context, answer: (task: Known, block: Escalation) => Decision,
) => by(task, command, {
  BLOCKED(task) {
    if (task.block.kind !== 'escalation') return unfit(task, command)
    return mayAnswer(task.block, person, context) ? answer(task, task.block) : reject('FORBIDDEN')
  },
})

const person = text(200).optional().describe('Who answers, where a tool says it for them.')

export const escalation = room({
  escalate: {
    about: 'Ask somebody else to decide; the task is blocked until they do. Where nobody answers in time the organization\'s '
      + '`escalationLadder` says who is asked next.',
    aliases: olderWords.escalate,
    settings: ['escalationLadder'],
    data: z.object({
      reason: text(500),
      severity: z.enum(priorities).default('MEDIUM'),
      to: Who.optional(),
      people: z.array(text(200)).max(10).default([]),
      context: Metadata.default({}),
    }),
    decide(task, { to = null, ...wish }, context) {
      const said = { to, ...wish }
      const escalate = (task: Known): Decision => {
        const isHolder = task.status === 'IN_PROGRESS' && mayActAs(context, task.lease.holder)
        if (!isHolder && !mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        return overdone(task, context) ?? escalated(task, said, 'hand', context)
      }
      return by(task, 'escalate', {
        TODO: escalate, IN_PROGRESS: escalate,
        BLOCKED(task) {
          switch (task.block.kind) {
            case 'manual': case 'failure': return escalate(task)
            case 'dependencies': return unfit(task, 'escalate')
            case 'escalation':
              return task.block.words === wordsOf.escalation(said) ? [] : reject('ALREADY_ESCALATED', { reason: task.block.reason })
          }
        },
      })
    },
  },

  acknowledgeEscalation: {
    about: 'Say that an escalation is being looked at: for a while nobody else is asked.',
    aliases: olderWords.acknowledgeEscalation,
    settings: ['escalationResolve_s'],
    data: z.object({ person, note: text(1_000).optional() }),
    decide: (task, { person, note = null }, context) =>
      answered(task, 'acknowledgeEscalation', person, context, ({ owner }, { revision: escalation, steps, level, isAcknowledged }) => {
        if (isAcknowledged) return []
        const raiseAt = level < steps.length ? later(context.at, settingOf(context, 'escalationResolve_s') * second_ms) : null
        return [Task.TaskEscalationAcknowledged({ owner, escalation, level, person: person ?? null, note, raiseAt })]
      }),
  },

  raise: {
    about: 'Nobody has answered an escalation in time: the next are asked.',
    internal: true,
    data: z.object({ escalation: Int64, level: z.int().min(2) }),
    decide(task, { escalation: revision, level }, { at }) {
      const open = escalationOf(task)
      if (open?.block.revision !== revision || open.block.level !== level - 1) return []
      const { steps, raiseAt } = open.block
      if (raiseAt === null || at < raiseAt) return []
      const { people } = steps[level - 1]!
      return [Task.TaskEscalationRaised({
        owner: open.owner, escalation: revision, level, people, raiseAt: raiseAtOf(steps, level, at),
      })]
    },
  },

  escalateOverdue: {
    about: 'The deadline of the task has passed: somebody else has to look at it, where the organization wants that.',
    internal: true,
    settings: ['escalationLadder', 'slaEscalates'],
    data: z.object({ slaDeadline: StoredInstant }),
    decide(task, { slaDeadline }, context) {
      const isWaiting = task.status === 'TODO'
        || (task.status === 'BLOCKED' && (task.block.kind === 'manual' || task.block.kind === 'failure'))
      if (!isWaiting || !settingOf(context, 'slaEscalates')) return []
      const { deadline, violated, escalated: isTold } = task.sla
      if (deadline !== slaDeadline || !violated || isTold) return []
      const asked = { to: null, people: [], reason: 'the deadline has passed', severity: task.priority, context: { slaDeadline } }
      return escalated(task, asked, 'sla', context)
    },
  },

  resolveEscalation: {
    about: 'Decide an escalation: the task can go on.',
    aliases: olderWords.resolveEscalation,
    data: z.object({ resolution: text(2_000), person }),
    decide: (task, { resolution, person }, context) =>
      answered(task, 'resolveEscalation', person, context, (task, { revision: escalation }) => {
        const paused_ms = Math.max(0, elapsed_ms(task.since, context.at))
        const sla = { ...task.sla, deadline: resumed(task.sla, paused_ms), paused_ms: task.sla.paused_ms + paused_ms }
        return freed(task, context, Task.TaskEscalationResolved({
          ...moving(task), resolution, escalation, person: person ?? null, paused_ms, slaDeadline: sla.deadline, warnAt: warnAtOf(sla),
        }))
      }),
  },
})
