import { events, type EventOf } from '../../kernel/events.ts'
import { eventsOfHands } from './events-of-hands.ts'
import { eventsOfMoves } from './events-of-moves.ts'
import { eventsOfRecords } from './events-of-records.ts'
import { eventsOfStanding } from './events-of-standing.ts'
import { eventsOfTerms } from './events-of-terms.ts'
import { eventsOfWork } from './events-of-work.ts'

export const Task = events({
  ...eventsOfWork, ...eventsOfTerms, ...eventsOfStanding, ...eventsOfHands, ...eventsOfMoves, ...eventsOfRecords,
})

export type TaskEvent = EventOf<typeof Task>
