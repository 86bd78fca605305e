import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'

export const rejections = {
  NOT_FOUND: unknown('There is no such daemon.'),
  FORBIDDEN: forbidden('Only the daemon itself, its orchestrator or an admin may do this; only an admin retires it.'),
  ORCHESTRATOR_UNKNOWN: conflict('There is no such orchestrator.'),
  ALREADY_EXISTS: conflict('Another daemon has this id.'),
  INVALID_STATE_TRANSITION: conflict('This is not possible in the status that the daemon has.'),
  DAEMON_REPLACED: conflict('Another instance has taken the place of this one: it stops what it runs and ends.'),
}
