import { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { decider, reject, type Answers, type Context } from '../../kernel/decider.ts'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'
import { Outcome } from '../../kernel/report.ts'
import { day_ms, later } from '../../kernel/time.ts'
import { isNamedZone } from '../../kernel/zone.ts'
import { CommandId, DueInstant, text } from '../../vocabulary.ts'
import { Override, Schedule } from './events.ts'
import { mayPlan } from './guards.ts'
import { calendarNow } from './keeping.ts'
import { olderHours } from './older-words.ts'
import { isKept, scheduleState, type OverrideSaid, type ScheduleState } from './state.ts'
import { OverrideHours, SomeTerms, termsOf, usual } from './terms.ts'
import { carried, turned } from './turns.ts'

const overrides_max = 50
const override_days_max = 366

/** The orchestrator, if its hours may be planned by whoever asks. */
function planned(context: Context) {
  const known = context.look(orchestratorState, context.id)
  if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
  if (!mayPlan(context)) return reject('FORBIDDEN')
  return known.stage === 'archived' ? reject('INVALID_STATE_TRANSITION', { status: 'ARCHIVED' }) : known
}

/** What a fact carries, of the state that it leads to. */
const carrying = (state: ScheduleState, zone: string, context: Context) => carried(state, calendarNow(state, zone, context), context.at)

const same = (a: object | null, b: object) => a !== null && canonicalJson(a) === canonicalJson(b)

const wrong = (pointer: string, message: string) => reject('VALIDATION_ERROR', { errors: [{ pointer, message }] })

function configured(state: ScheduleState, wish: SomeTerms, stays: boolean, context: Context) {
  const known = planned(context)
  if (!('stage' in known)) return known
  const zone = known.profile.timezone
  if (wish.zone === undefined && !isNamedZone(zone)) return wrong('/zone', 'is to be said: the profile has none that is named')
  const terms = termsOf(stays && state.terms ? state.terms : { zone, ...usual }, wish)
  if (same(state.terms, terms)) return []
  return [Schedule.WorkHoursConfigured({ ...terms, ...carrying({ ...state, terms }, zone, context) })]
}

const overlaps = (a: Pick<OverrideSaid, 'from' | 'to'>, b: Pick<OverrideSaid, 'from' | 'to'>) => a.from < b.to && b.from < a.to

const answers: Answers<ScheduleState> = {
  fields: z.object({ override: CommandId.nullable().describe('Null where it is no longer there.') }),
  of: ({ overrides }, { commandId }, data) => ({
    override: overrides.find(({ override }) => override === commandId)?.override
      ?? overrides.find(({ from, to, kind }) => from === data?.from && to === data?.to && kind === data?.kind)?.override ?? null,
  }),
}

export const schedule = decider(scheduleState, {
  collection: 'schedules',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator, or no such override.'),
    FORBIDDEN: forbidden('Only the orchestrator itself, its daemons or an admin may do this.'),
    INVALID_STATE_TRANSITION: conflict('The orchestrator has left.'),
    VALIDATION_ERROR: invalid('What is said does not fit together.'),
    SCHEDULE_CONFLICT: conflict('Another override is at that time.'),
    LIMIT_REACHED: conflict(`There are at most ${overrides_max} overrides at a time.`),
  },

  commands: {
    configure: {
      about: 'Say when the orchestrator works: slots of each day of the week in its zone, breaks, holidays. What is not given is as usual.',
      route: 'PUT /orchestrators/:id/schedule',
      aliases: [{ route: 'POST /orchestrators/:id/schedule' }, olderHours('POST')],
      data: SomeTerms,
      decide: (state, wish, context) => configured(state, wish, false, context),
    },

    change: {
      about: 'Say otherwise when the orchestrator works; what is not given stays.',
      route: 'PATCH /orchestrators/:id/schedule',
      aliases: [olderHours('PATCH')],
      data: SomeTerms,
      decide: (state, wish, context) => configured(state, wish, true, context),
    },

    addOverride: {
      about: 'For a while hours are others: none (a vacation, a maintenance), all, or these on each day.',
      route: 'POST /orchestrators/:id/schedule/overrides',
      answers,
      data: z.object({
        from: DueInstant, to: DueInstant, kind: Override.shape.kind, hours: OverrideHours.optional(), reason: text(500),
      }).refine(({ kind, hours }) => (kind === 'CUSTOM_HOURS') === (hours !== undefined), {
        path: ['hours'], error: 'are said of CUSTOM_HOURS, and of nothing else',
      }),
      decide(state, { hours = [], ...wish }, context) {
        const known = planned(context)
        if (!('stage' in known)) return known
        const { at } = context
        if (state.overrides.some(({ override: _, ...there }) => same(Override.omit({ override: true }).parse(there), { ...wish, hours })))
          return []
        if (wish.to <= at) return wrong('/to', 'is past')
        if (wish.from >= wish.to) return wrong('/to', 'is not after from')
        if (wish.to > later(wish.from, override_days_max * day_ms)) return wrong('/to', `is more than ${override_days_max} days after from`)
        const ahead = state.overrides.filter(({ to }) => to > at)
        const other = ahead.find((one) => overlaps(one, wish))
        if (other) return reject('SCHEDULE_CONFLICT', { override: other.override, from: other.from, to: other.to })
        if (ahead.length >= overrides_max) return reject('LIMIT_REACHED', { max: overrides_max })
        const override = Override.parse({ override: context.commandId, ...wish, hours })
        const next = { ...state, overrides: [...ahead, override] }
        return [Schedule.ScheduleOverrideAdded({ ...override, ...carrying(next, known.profile.timezone, context) })]
      },
    },

    removeOverride: {
      about: 'Hours are as usual then after all.',
      route: 'DELETE /orchestrators/:id/schedule/overrides/:override',
      data: z.object({ override: CommandId }),
      decide(state, { override }, context) {
        const known = planned(context)
        if (!('stage' in known)) return known
        const next = { ...state, overrides: state.overrides.filter((one) => one.override !== override) }
        if (next.overrides.length === state.overrides.length) return isKept(state) ? [] : reject('NOT_FOUND')
        return [Schedule.ScheduleOverrideRemoved({ override, ...carrying(next, known.profile.timezone, context) })]
      },
    },

    turn: {
      about: 'It may have opened or closed, or holidays are others by now: tell what was not told last.',
      internal: true,
      data: z.object({ outcome: Outcome.optional() }),
      decide(state, _, context) {
        const known = context.look(orchestratorState, context.id)
        if (known.stage !== 'registered' || (!isKept(state) && state.told === null)) return []
        return turned(state, calendarNow(state, known.profile.timezone, context), context)
      },
    },
  },
})
