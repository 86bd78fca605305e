import { busy, conflict, forbidden, invalid, unknown, unprocessable } from '../../kernel/refusal.ts'

export const rejections = {
  NOT_FOUND: unknown('There is no such session, or no such agent or orchestrator.'),
  FORBIDDEN: forbidden('Only the owner, whoever leads, a tool or an admin may do this.'),
  VALIDATION_ERROR: invalid('What is said does not fit together.'),
  OWNER_REQUIRED: invalid('Say which orchestrator owns the session.'),
  ALREADY_EXISTS: conflict('There is a session with this id.'),
  INVALID_STATE_TRANSITION: conflict('The session is not in a state in which this can be done.'),
  SESSION_LIMIT: conflict('The session has as many of these as it may have.'),
  STALE_TERM: conflict('Who leads says the term in which it leads, which is another.'),
  CAPABILITY_NOT_FOUND: unprocessable('No agent of the organization has these skills, whatever it does now.'),
  RESOURCE_EXCEEDED: conflict('Agents that would do cost more, or have less of something, than is allowed.'),
  AGENT_NOT_AVAILABLE: busy('No agents that would do take work now, or one that was named does not.'),
  CAPACITY_EXCEEDED: busy('Every slot of an agent that was named is taken.'),
}
