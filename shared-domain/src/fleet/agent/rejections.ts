import { busy, conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'

export const rejections = {
  NOT_FOUND: unknown('There is no such agent or orchestrator.'),
  FORBIDDEN: forbidden('Only an admin or the orchestrator that supervises the agent may do this, and of some things only an admin.'),
  VALIDATION_ERROR: invalid('What is said does not fit together.'),
  INVALID_STATE_TRANSITION: conflict('A retired agent does nothing more.'),
  ALREADY_EXISTS: conflict('An agent with this id, or a version of this name, is already known and is another.'),
  LIMIT_REACHED: conflict('There are as many of these as there may be.'),
  RELATIONSHIP_CYCLE: conflict('The agent would lead itself.'),
  AGENT_NOT_AVAILABLE: busy('The agent takes no work now.'),
  CAPACITY_EXCEEDED: busy('Every slot of the agent is taken.'),
}
