import { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { decider, mayActAs, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import { digestOf } from '../../kernel/digest.ts'
import { given } from '../../kernel/given.ts'
import { cited, countsOf } from '../../kernel/grounds.ts'
import { conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'
import type { Instant } from '../../kernel/time.ts'
import { DueInstant, OrchestratorId, StoredInstant, text } from '../../vocabulary.ts'
import { ahead, behind, nothing } from '../coming.ts'
import { impracticable, nextDue } from '../due.ts'
import { Recurrence, type RecurrenceEvent } from './events.ts'
import { fired } from './firing.ts'
import { olderRecurring } from './older-words.ts'
import { Plan, rotaOf, Template } from './plan.ts'
import { recurrences } from './recurrences.ts'
import { recurrenceState, type Known, type RecurrenceState } from './state.ts'

const recurrences_max = 200

const { shape } = Plan

/** What is not said of a task has its usual value. */
const SaidTemplate = z.object({
  ...Template.shape,
  description: Template.shape.description.default(null),
  priority: Template.shape.priority.default('MEDIUM'),
  estimatedHours: Template.shape.estimatedHours.default(null),
  tags: Template.shape.tags.default([]),
  requiredCapabilities: Template.shape.requiredCapabilities.default([]),
  dueAfter_s: Template.shape.dueAfter_s.default(null),
}).pipe(Template)

const Until = DueInstant.nullable().describe('It is due no later than this.')

const Definition = z.object({
  owner: OrchestratorId,
  template: SaidTemplate,
  rule: shape.rule,
  zone: shape.zone.optional().describe('Else the one of its owner, as it is now.'),
  jitter_s: shape.jitter_s.default(0),
  catchUp: shape.catchUp.default('one'),
  catchUpMax: shape.catchUpMax.default(10),
  late_s: shape.late_s.default(300),
  overlap: shape.overlap.default('allow'),
  maxRuns: shape.maxRuns.default(null),
  until: Until.default(null),
})

const Changes = z.object({
  template: SaidTemplate.optional(),
  rule: shape.rule.optional(),
  zone: shape.zone.optional(),
  jitter_s: shape.jitter_s.optional(),
  catchUp: shape.catchUp.optional(),
  catchUpMax: shape.catchUpMax.optional(),
  late_s: shape.late_s.optional(),
  overlap: shape.overlap.optional(),
  maxRuns: shape.maxRuns.optional(),
  until: Until.optional(),
})

type Code = 'NOT_FOUND' | 'FORBIDDEN' | 'INVALID_STATE_TRANSITION' | 'VALIDATION_ERROR'
type Decision = readonly RecurrenceEvent[] | Rejection<Code>

/** The orchestrator itself, its daemons and admins. */
const may = (context: Context, owner: string) => context.by.kind !== 'tool' && mayActAs(context, owner)

/** One that has not ended, for whoever may say how it goes on. */
function inside(state: RecurrenceState, command: string, context: Context, decide: (state: Known) => Decision): Decision {
  if (state.stage === 'unknown') return reject('NOT_FOUND')
  if (!may(context, state.plan.owner)) return reject('FORBIDDEN')
  return state.stage === 'ENDED' ? reject('INVALID_STATE_TRANSITION', { command, status: 'ENDED' }) : decide(state)
}

const faulty = (pointer: string, message: string) => reject('VALIDATION_ERROR', { errors: [{ pointer, message }] })

/** Why there is no sense in a plan that is due next then, if there is none. */
function senseless(plan: Plan, runs: number, after: Instant, next: Instant | null) {
  const why = impracticable(rotaOf(plan), after)
  if (why === 'never' || next === null) return faulty('/rule', 'is not due within 3000 days')
  if (why === 'too often') return faulty('/rule', 'is due twice within 300 seconds')
  if (plan.until !== null && next > plan.until) return faulty('/until', 'is before it is due')
  return plan.maxRuns !== null && plan.maxRuns <= runs ? faulty('/maxRuns', 'is no more than it has run') : undefined
}

const aheadOf = (id: string, { jitter_s }: Plan, next: Instant | null) => ahead({ id, jitter_s }, next)

function changed(state: Known, wish: z.output<typeof Changes>, { id, at }: Context): Decision {
  const plan: Plan = { ...state.plan, ...given(wish) }
  if (digestOf(plan) === digestOf(state.plan)) return []
  const isSameTime = digestOf([plan.rule, plan.zone]) === digestOf([state.plan.rule, state.plan.zone])
  const after = behind(state, at)
  const next = isSameTime && state.next !== null ? state.next : nextDue(rotaOf(plan), after)
  return senseless(plan, state.runs, after, next)
    ?? [Recurrence.RecurrenceChanged({ ...plan, ...(state.stage === 'PAUSED' ? nothing : aheadOf(id, plan, next)) })]
}

export const recurrence = decider(recurrenceState, {
  collection: 'recurrences',
  rejections: {
    NOT_FOUND: unknown('There is no such recurrence, or no such orchestrator.'),
    FORBIDDEN: forbidden('Only the orchestrator itself or an admin may do this.'),
    VALIDATION_ERROR: invalid('Nothing sensible would come of it.'),
    ALREADY_EXISTS: conflict('A recurrence with this id exists already.'),
    INVALID_STATE_TRANSITION: conflict('The recurrence has ended, or the orchestrator has left.'),
    LIMIT_REACHED: conflict(`An organization has ${recurrences_max} recurrences at the most.`),
  },

  commands: {
    define: {
      about: 'Have a task made for an orchestrator whenever a rule says so.',
      aliases: olderRecurring.define,
      creates: true,
      data: Definition,
      grounds: () => ({ others: countsOf(recurrences, { columns: [], where: { state: ['ENABLED', 'PAUSED'] }, limit: 1 }) }),
      decide(state, { zone, ...said }, context) {
        const { owner, template } = said
        const known = context.look(orchestratorState, owner)
        if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
        if (!may(context, owner)) return reject('FORBIDDEN')
        if (state.stage !== 'unknown') return reject('ALREADY_EXISTS')
        if (known.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { command: 'define', status: 'ARCHIVED' })
        const count = Number(context.grounds!.rows.others![0]?.count ?? 0)
        if (count >= recurrences_max) return reject('LIMIT_REACHED', { max: recurrences_max })
        const plan: Plan = { ...said, template, zone: zone ?? known.profile.timezone }
        const next = nextDue(rotaOf(plan), context.at)
        return senseless(plan, 0, context.at, next)
          ?? [Recurrence.RecurrenceDefined({ ...plan, ...aheadOf(context.id, plan, next), grounds: cited(context.grounds!) })]
      },
    },

    change: {
      about: 'Let it go on otherwise: what is given is replaced whole.',
      route: 'PATCH /recurrences/:id',
      data: Changes,
      decide: (state, wish, context) => inside(state, 'change', context, (state) => changed(state, wish, context)),
    },

    pause: {
      about: 'Let nothing be due for a while.',
      data: z.object({ reason: text(500).optional() }),
      decide: (state, { reason = null }, context) => inside(state, 'pause', context, ({ stage, plan: { owner } }) =>
        (stage === 'PAUSED' ? [] : [Recurrence.RecurrencePaused({ owner, reason, ...nothing })])),
    },

    resume: {
      about: 'Let it go on from now on.',
      data: z.object({}),
      decide: (state, _, context) => inside(state, 'resume', context, (state) => {
        const { stage, plan, plan: { owner } } = state
        if (stage === 'ENABLED') return []
        const next = nextDue(rotaOf(plan), behind(state, context.at))
        if (next === null || (plan.until !== null && next > plan.until))
          return [Recurrence.RecurrenceEnded({ owner, reason: next === null ? 'never' : 'until', ...nothing })]
        return [Recurrence.RecurrenceResumed({ owner, ...aheadOf(context.id, plan, next) })]
      }),
    },

    end: {
      about: 'Let it come round no more. What was made of it stays.',
      aliases: olderRecurring.end,
      route: 'DELETE /recurrences/:id',
      data: z.object({}),
      decide: (state, _, context) => (state.stage === 'ENDED' && may(context, state.plan.owner) ? []
        : inside(state, 'end', context, ({ plan: { owner } }) => [Recurrence.RecurrenceEnded({ owner, reason: 'asked', ...nothing })])),
    },

    fire: {
      about: 'Make something of the due time that was waited for, and of those behind it that have come by now.',
      internal: true,
      data: z.object({ due: StoredInstant }),
      decide: (state, { due }, context) => (state.stage === 'ENABLED' && state.next === due && state.comesAt !== null
        ? fired(state, { due, comesAt: state.comesAt }, context) : []),
    },
  },
})
