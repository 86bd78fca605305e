import { busy, forbidden, unknown } from '../../kernel/refusal.ts'

export const rejections = {
  NOT_FOUND: unknown('There is no such orchestrator.'),
  FORBIDDEN: forbidden('Only the orchestrator itself or an admin may do this.'),
  ORCHESTRATOR_UNAVAILABLE: busy('The orchestrator does not take work at the moment.'),
  CAPACITY_EXCEEDED: busy('As many tasks or conversations as there may be are there already.'),
  SLOT_WITHHELD: busy('What is free is kept for other tasks, or this one needs more than is left.'),
}
