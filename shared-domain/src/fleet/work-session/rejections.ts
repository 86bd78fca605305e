import { busy, conflict, forbidden, unknown } from '../../kernel/refusal.ts'

export const rejections = {
  NOT_FOUND: unknown('There is no such session.'),
  FORBIDDEN: forbidden('Only the daemon, its orchestrator or an admin may do this.'),
  ALREADY_EXISTS: conflict('The session of this lease was begun with other words.'),
  INVALID_STATE_TRANSITION: conflict('This is not possible in the status that the session has.'),
  STALE_LEASE: conflict('The task is not in progress under this lease.'),
  DAEMON_UNAVAILABLE: busy('The daemon takes nothing new at the moment, or is not the orchestrator\'s.'),
  CHARTER_DENIED: forbidden('The charter of the orchestrator lets no session have so many tokens.'),
  BUDGET_EXHAUSTED: busy('So much is not left of what may be used.'),
  LIMIT_REACHED: conflict('As much is set aside in as many parts as may be.'),
}
