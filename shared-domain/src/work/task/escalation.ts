import { z } from 'zod'
import { isPrivileged, mayActAs, reject } from '../../kernel/decider.ts'
import { elapsed_ms } from '../../kernel/time.ts'
import { Metadata, text, Who } from '../../vocabulary.ts'
import { freed } from './blocks.ts'
import { Task } from './events.ts'
import { by, moving, room, unfit, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { resumed, warnAtOf } from './sla.ts'
import { leaseOf, slotInUse, wordsOf, type Known } from './state.ts'

export const escalation = room({
  escalate: {
    about: 'Ask somebody else to decide; the task is blocked until they do.',
    aliases: olderWords.escalate,
    data: z.object({
      reason: text(500),
      severity: z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']).default('MEDIUM'),
      to: Who.optional(),
      context: Metadata.default({}),
    }),
    decide(task, { to = null, ...wish }, context) {
      const said = { to, ...wish }
      const escalate = (task: Known): Decision => {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        return [Task.TaskEscalated({
          ...moving(task), ...said, lease: leaseOf(task), people: [], steps: null, cause: 'hand', agentSlot: slotInUse(task),
        })]
      }
      return by(task, 'escalate', {
        TODO: escalate, IN_PROGRESS: escalate,
        BLOCKED(task) {
          if (task.block.kind !== 'escalation') return unfit(task, 'escalate')
          return task.block.words === wordsOf.escalation(said) ? [] : reject('ALREADY_ESCALATED', { reason: task.block.reason })
        },
      })
    },
  },

  resolveEscalation: {
    about: 'Decide an escalation: the task can go on.',
    aliases: olderWords.resolveEscalation,
    data: z.object({ resolution: text(2_000) }),
    decide: (task, { resolution }, context) => by(task, 'resolveEscalation', {
      BLOCKED(task) {
        if (task.block.kind !== 'escalation') return unfit(task, 'resolveEscalation')
        if (!isPrivileged(context) && (context.actsFor === null || task.block.to !== context.actsFor)) return reject('FORBIDDEN')
        const paused_ms = Math.max(0, elapsed_ms(task.since, context.at))
        const sla = { ...task.sla, deadline: resumed(task.sla, paused_ms), paused_ms: task.sla.paused_ms + paused_ms }
        return freed(task, context, Task.TaskEscalationResolved({
          ...moving(task), resolution, escalation: task.block.revision, person: null, paused_ms, slaDeadline: sla.deadline,
          warnAt: warnAtOf(sla),
        }))
      },
    }),
  },
})
