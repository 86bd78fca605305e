import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import { Agenda, type AgendaEvent, type Reservation } from './events.ts'

export type Reserved = z.output<typeof Reservation>

export interface AgendaState {
  /** Whether anything was ever reserved here. */
  readonly isBegun: boolean
  /** Those that were not over when the last was made, by their ids. */
  readonly live: ReadonlyMap<string, Reserved>
}

const without = ({ live }: AgendaState, reservation: string) => new Map([...live].filter(([id]) => id !== reservation))

const evolve: Evolve<AgendaState, AgendaEvent> = {
  TimeSlotReserved: ({ live }, made, { at }) =>
    ({ isBegun: true, live: new Map([...live].filter(([, { end }]) => end > at)).set(made.reservation, made) }),
  TimeSlotReleased: (state, { reservation }) => ({ ...state, live: without(state, reservation) }),
}

export const agendaState = fold('agenda', Agenda, { isBegun: false, live: new Map() }, evolve)
