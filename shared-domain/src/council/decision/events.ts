import { events, type EventOf } from '../../kernel/events.ts'
import { eventsOfAsking } from './events-of-asking.ts'
import { eventsOfEnding } from './events-of-ending.ts'
import { eventsOfVoting } from './events-of-voting.ts'

export const Decision = events({ ...eventsOfAsking, ...eventsOfVoting, ...eventsOfEnding })

export type DecisionEvent = EventOf<typeof Decision>
