import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'

export const rejections = {
  NOT_FOUND: unknown('There is no such orchestrator, or no such version of its charter.'),
  FORBIDDEN: forbidden('Only an admin may do this.'),
  INVALID_STATE_TRANSITION: conflict('The orchestrator has left, or no version was active before.'),
  LIMIT_REACHED: conflict('There are as many versions as there may be.'),
}
