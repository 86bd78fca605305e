import { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { decider, isPrivileged, reject, Rejection, type Context } from '../../kernel/decider.ts'
import { busy, conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'
import { day_ms, later, minute_ms } from '../../kernel/time.ts'
import { DueInstant, Id, OrchestratorId, TaskId, text } from '../../vocabulary.ts'
import { isOpen, taskState } from '../../work/task/state.ts'
import { verdictAt } from '../calendar/calendar.ts'
import { nextOpen, openTimeBetween } from '../calendar/hours.ts'
import { mayPlan } from '../schedule/guards.ts'
import { said, scheduleOf } from '../schedule/keeping.ts'
import { Agenda } from './events.ts'
import { olderRelease, olderReservation } from './older-words.ts'
import { agendaState, type Reserved } from './state.ts'

const ahead_max_days = 366
const live_max = 2_000
const conflicts_max = 5

const yearOf = (at: string) => at.slice(0, 4)

/** The agenda of an orchestrator for a year. */
const agendaOf = (orchestrator: string, year: string) => `${orchestrator}.${year}`

/** Named after the command that made it, and after the year: by its name alone it is found. */
const named = (commandId: string, start: string) => Id.parse(`${yearOf(start)}${commandId.slice(4)}`)

const wrong = (pointer: string, message: string) => reject('VALIDATION_ERROR', { errors: [{ pointer, message }] })

/** Why whoever asks does not plan the time of this orchestrator, if so. */
function unplanned(orchestrator: string, context: Context) {
  const known = context.look(orchestratorState, orchestrator)
  if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
  if (!mayPlan({ ...context, id: orchestrator })) return reject('FORBIDDEN')
  return known.stage === 'archived' ? reject('INVALID_STATE_TRANSITION', { status: 'ARCHIVED' }) : undefined
}

/** Why its own task is not one to plan time for, if it is not. */
function unworkable(task: string, orchestrator: string, { look }: Context) {
  const known = look(taskState, task)
  if (known.status === 'NONE') return reject('TASK_UNKNOWN', { task })
  if (known.owner !== orchestrator) return reject('INVALID_OWNERSHIP', { owner: known.owner })
  return isOpen(known) ? undefined : reject('INVALID_STATE_TRANSITION', { status: known.status })
}

/** The task has ended, or is with somebody else: its time is free. */
const hasLapsed = ({ task }: Reserved, orchestrator: string, { look }: Context) => {
  const known = look(taskState, task)
  return known.status === 'NONE' || !isOpen(known) || known.owner !== orchestrator
}

/** Why the orchestrator is not there all the time, if it is not, by the hours that it keeps then. */
function absent(orchestrator: string, start: string, end: string, context: Context) {
  const schedule = scheduleOf(orchestrator, { ...context, at: start })
  if (!schedule) return undefined
  const { calendar } = schedule
  const [from, to] = [Date.parse(start), Date.parse(end)]
  if (openTimeBetween(calendar, from, to) === to - from) return undefined
  const { open, cause } = verdictAt(calendar, from)
  return reject('OUTSIDE_WORK_HOURS', { orchestrator, cause: open ? 'weekly' : cause, nextAvailableAt: said(nextOpen(calendar, from)) })
}

interface Wish extends Pick<Reserved, 'task' | 'start' | 'end'> {
  readonly orchestrator: OrchestratorId
  readonly force: boolean
}

/** Why it may not be planned so, whatever else is planned. */
function unfit({ orchestrator, task, start, end, force }: Wish, context: Context) {
  const refusal = unplanned(orchestrator, context) ?? unworkable(task, orchestrator, context)
  if (refusal) return refusal
  if (start < context.at) return wrong('/start', 'is past')
  if (start > later(context.at, ahead_max_days * day_ms)) return wrong('/start', `is more than ${ahead_max_days} days ahead`)
  if (yearOf(end) !== yearOf(start)) return wrong('/duration_min', 'ends in another year')
  const away = absent(orchestrator, start, end, context)
  if (away && !force) return away
  return away && !isPrivileged(context) ? reject('FORBIDDEN') : undefined
}

const isSame = (one: Reserved, { task, start, end }: Wish) => one.task === task && one.start === start && one.end === end

export const agenda = decider(agendaState, {
  collection: 'reservations',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator, or no such reservation.'),
    FORBIDDEN: forbidden('Only the orchestrator itself, its daemons or an admin may do this; only an admin outside its hours.'),
    INVALID_OWNERSHIP: forbidden('The task is not one of the orchestrator.'),
    INVALID_STATE_TRANSITION: conflict('The orchestrator has left, or the task has ended.'),
    VALIDATION_ERROR: invalid('What is said does not fit together.'),
    TASK_UNKNOWN: conflict('There is no such task.'),
    OUTSIDE_WORK_HOURS: busy('The orchestrator is not within its hours all that time.'),
    TIME_SLOT_CONFLICT: conflict('Something else is planned at that time.'),
    LIMIT_REACHED: conflict(`There are at most ${live_max} reservations of a year at a time.`),
  },

  commands: {
    reserve: {
      about: 'Plan time for a task of the orchestrator, within its hours, where nothing else is planned. A start does not ask for it.',
      route: 'POST /orchestrators/:orchestrator/reservations',
      aliases: [olderReservation],
      data: z.object({
        orchestrator: OrchestratorId, task: TaskId, start: DueInstant, duration_min: z.int().min(1).max(480), note: text(500).optional(),
        force: z.boolean().default(false).describe('Also outside its hours: an admin alone.'),
      }),
      place: ({ orchestrator, start }) => agendaOf(orchestrator, yearOf(start)),
      answers: {
        fields: z.object({ reservation: Id.nullable().describe('Null where it is no longer there.') }),
        of: ({ live }, { commandId }, data) => {
          const own = data && live.get(named(commandId, data.start))
          const same = data && [...live.values()].find(({ task, start }) => task === data.task && start === data.start)
          return { reservation: (own ?? same)?.reservation ?? null }
        },
      },
      decide({ live }, { duration_min, note = null, ...said }, context) {
        const wish = { ...said, end: later(said.start, duration_min * minute_ms) }
        const refusal = unfit(wish, context)
        if (refusal) return refusal
        const { orchestrator, task, start, end } = wish
        const there = [...live.values()].filter((one) => one.end > context.at)
        if (there.some((one) => isSame(one, wish))) return []
        const inTheWay = there.filter((one) => one.start < end && start < one.end)
        const conflicts = inTheWay.filter((one) => !hasLapsed(one, orchestrator, context))
        if (conflicts.length > 0) {
          const told = conflicts.slice(0, conflicts_max).map(({ note: _, ...one }) => one)
          return reject('TIME_SLOT_CONFLICT', { conflicts: told })
        }
        if (there.length - inTheWay.length >= live_max) return reject('LIMIT_REACHED', { max: live_max })
        return [
          ...inTheWay.map((one) => Agenda.TimeSlotReleased({ reservation: one.reservation, task: one.task, reason: 'lapsed' })),
          Agenda.TimeSlotReserved({ reservation: named(context.commandId, start), task, start, end, note }),
        ]
      },
    },

    release: {
      about: 'Plan this time for the task no more.',
      route: 'DELETE /orchestrators/:orchestrator/reservations/:reservation',
      aliases: [olderRelease],
      creates: false,
      data: z.object({ orchestrator: OrchestratorId, reservation: Id }),
      place: ({ orchestrator, reservation }) => agendaOf(orchestrator, yearOf(reservation)),
      decide(state, { orchestrator, reservation }, context) {
        const refusal = unplanned(orchestrator, context)
        if (refusal instanceof Rejection) return refusal
        const there = state.live.get(reservation)
        if (there) return [Agenda.TimeSlotReleased({ reservation, task: there.task, reason: 'asked' })]
        return state.isBegun ? [] : reject('NOT_FOUND')
      },
    },
  },
})
