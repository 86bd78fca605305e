import { conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'

export const rejections = {
  NOT_FOUND: unknown('There is no such session, or no such message.'),
  FORBIDDEN: forbidden('Only the agent that writes, or whoever may act for its orchestrator, may do this.'),
  VALIDATION_ERROR: invalid('What is said does not fit together.'),
  ALREADY_EXISTS: conflict('There is a message with this id.'),
  NOT_A_MEMBER: forbidden('Only members of the session write in it, and to others of them.'),
  NOT_ADDRESSED: forbidden('The message was sent to others.'),
  COMMUNICATION_FAILED: conflict('Nothing is said in a session that is not at work.'),
}
