import { events, type EventOf } from '../../kernel/events.ts'
import { eventsOfHands } from './events-of-hands.ts'
import { eventsOfStanding } from './events-of-standing.ts'
import { eventsOfWork } from './events-of-work.ts'

export const Task = events({ ...eventsOfWork, ...eventsOfStanding, ...eventsOfHands })

export type TaskEvent = EventOf<typeof Task>
