import { events, type EventOf } from '../../kernel/events.ts'
import { eventsOfHands } from './events-of-hands.ts'
import { eventsOfRecords } from './events-of-records.ts'
import { eventsOfStanding } from './events-of-standing.ts'
import { eventsOfTerms } from './events-of-terms.ts'
import { eventsOfWork } from './events-of-work.ts'

export const Task = events({ ...eventsOfWork, ...eventsOfTerms, ...eventsOfStanding, ...eventsOfHands, ...eventsOfRecords })

export type TaskEvent = EventOf<typeof Task>
