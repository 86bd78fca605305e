import type { Refused } from './api.ts'

/**
 * What whoever was refused does next, a sentence for each code: those of the domain's catalogue, and those of the services and the edge.
 * `{name}` stands for the instant that the refusal's context says under that name.
 */
export const next: Readonly<Record<string, string>> = {
  ACTION_MISMATCH: 'Send exactly what was approved, or ask for an approval of what you want now.',
  AGENT_NOT_AVAILABLE: 'Choose another agent, or try again when this one takes work.',
  ALREADY_ESCALATED: 'Wait for the answer: somebody has been asked already.',
  ALREADY_EXISTS: 'Read what has this id, or make another with an id of its own.',
  ALREADY_ROTATED: 'Use the newer key, or make a new one.',
  ALREADY_VOTED: 'Change your vote yourself, if you want another.',
  API_KEY_EXPIRED: 'Ask for a new key.',
  APPROVAL_NOT_GRANTED: 'Wait until it is approved, or ask for a new approval.',
  APPROVAL_REQUIRED: 'Ask for an approval of exactly this, and send it again with the approval.',
  ASSIGNEE_UNKNOWN: 'List agents and orchestrators, and name one that there is.',
  BALLOT_INVALID: 'Read the decision, and vote as its question wants it.',
  BEFORE_START: 'Give times in the order in which things happened.',
  BUDGET_EXHAUSTED: 'Wait for the next window, or ask an admin to override the budget.',
  CAPABILITY_NOT_FOUND: 'Ask for other skills, or register an agent that has these.',
  CAPACITY_EXCEEDED: 'Finish or release something first.',
  CHARTER_DENIED: 'Do something else: the charter does not allow this.',
  COMMUNICATION_FAILED: 'Stop writing: that session is not at work.',
  CONFLICT_UNKNOWN: 'List the open conflicts, and name one of them.',
  CONSENSUS_REQUIRED: 'Take up something else until the decision is approved.',
  DAEMON_REPLACED: 'Stop: a newer instance of this daemon has connected.',
  DAEMON_UNAVAILABLE: 'Connect first, or use a daemon that runs.',
  DEADLINE_PASSED: 'Give a deadline that lies ahead.',
  DEADLINE_TOO_FAR: 'Give a nearer deadline.',
  DECISION_CLOSED: 'Read the outcome: nothing can be changed any more.',
  DECISION_PENDING: 'Wait until the decision has ended.',
  DECISION_UNKNOWN: 'List the decisions, and name one that has ended.',
  DEFERRED: 'Take up something else, or come back at {until}.',
  DELEGATION_LIMIT: 'Do it yourself, or escalate: it has been passed on too often.',
  DEPENDENCIES_UNMET: 'Finish what it waits for first; why says what that is.',
  DEPENDENCY_CYCLE: 'Leave out the dependency that leads back.',
  DEPENDENCY_LIMIT: 'Split the work, so that fewer tasks hang together.',
  DEPENDENCY_UNKNOWN: 'Create the task that this one waits for first.',
  DESTINATION_FORBIDDEN: 'Name an https address that everybody can reach, without userinfo or fragment.',
  DIFFERENT_ORGANIZATION: 'Choose an orchestrator of your organization.',
  DISSENT_CLOSED: 'Leave it: the time for dissent is over, or yours is recorded.',
  DUPLICATE_EMAIL: 'Give another email address.',
  EARNED_WEIGHTS_OFF: 'Ask an admin to let weights be earned, or weigh by what is given.',
  ELECTORATE_TOO_LARGE: 'Ask fewer.',
  ELECTORATE_TOO_SMALL: 'Name more electors.',
  ESCALATION_LIMIT: 'Wait for an answer, or ask an admin to escalate it.',
  EXPECTATION_FAILED: 'Leave out the header Expect.',
  FORBIDDEN: 'Leave it to whoever may, or ask for a key that allows it.',
  HEADERS_TOO_LARGE: 'Send shorter headers.',
  IDEMPOTENCY_MISMATCH: 'Give another wish another idempotency key.',
  INTERNAL_ERROR: 'Try once more, then tell an operator the correlation id.',
  INVALID_API_KEY: 'Check the key: it is missing, unknown or revoked.',
  INVALID_OWNERSHIP: 'Ask the owner: only it may.',
  INVALID_STATE_TRANSITION: 'Read how it stands now: in this state it cannot be done.',
  KEY_UNLINKED: 'Have the earlier key vouch for the new one.',
  LIMIT_REACHED: 'End or remove one of them first.',
  METHOD_NOT_ALLOWED: 'Use a method that the answer allows.',
  NOBODY_FITS: 'Wait until an agent that fits is free, or ask for less.',
  NOTHING_PLACEABLE: 'Wait until an agent that fits is free, or go on from where the answer says.',
  NOTHING_TO_CLAIM: 'Come back when there is work, or claim with fewer criteria.',
  NOT_ADDRESSED: 'Leave it to those whom the message was sent to.',
  NOT_AN_ELECTOR: 'Leave the vote to the electors.',
  NOT_ASKED: 'Offer your help to the owner first.',
  NOT_A_MEMBER: 'Read who the members are, and write as one of them to another.',
  NOT_FOUND: 'Check the id: there is no such thing here, or it is another organization\'s.',
  NO_DELEGATION: 'Read the task: it was answered already, or passed on.',
  ORCHESTRATOR_UNAVAILABLE: 'Choose another orchestrator, or try again when this one takes work.',
  ORCHESTRATOR_UNKNOWN: 'List the orchestrators, and name one of them.',
  ORGANIZATION_EXISTS: 'Choose another name.',
  ORGANIZATION_SUSPENDED: 'Wait: the organization is suspended and may only read.',
  OUTSIDE_WORK_HOURS: 'Come back at {nextAvailableAt}.',
  OWNER_REQUIRED: 'Say which orchestrator owns the task.',
  PARENT_UNKNOWN: 'Answer a message that there is.',
  PAYLOAD_TOO_LARGE: 'Send less, or a link to where it lies.',
  PROXY_CYCLE: 'Choose somebody who does not vote through you.',
  PROXY_LIMIT: 'Choose somebody who votes themselves.',
  PROXY_UNKNOWN: 'Name a proxy that there is.',
  QUEUE_EMPTY: 'Come back when something waits for somebody.',
  QUIET_HOURS: 'Come back at {nextAvailableAt}.',
  RATE_LIMITED: 'Wait as long as Retry-After says.',
  READ_MODEL_BEHIND: 'Ask again in a moment.',
  RELATIONSHIP_CYCLE: 'Choose a lead that it does not lead.',
  REOPENED_ALREADY: 'Vote on the decision that is asked again.',
  REQUEST_TIMEOUT: 'Send it again.',
  RESERVATION_UNKNOWN: 'Reserve anew: that one has ended.',
  RESOURCE_EXCEEDED: 'Allow more, or ask for less.',
  RETRY_NOT_DUE: 'Take up something else, or come back at {nextRetryAt}.',
  REVISION_MISMATCH: 'Read it again, and decide on what it says now.',
  SCHEDULE_CONFLICT: 'Remove the other override first, or choose another time.',
  SELF_APPROVAL: 'Ask somebody else to approve it.',
  SELF_COLLABORATION: 'Ask somebody other than the owner.',
  SELF_DELEGATION: 'Choose another orchestrator: it has the task already.',
  SERVICE_UNAVAILABLE: 'Ask again in a moment.',
  SESSION_LIMIT: 'Do with as many as there may be, or form another session.',
  SLOT_WITHHELD: 'Take up what the slots are kept for, or finish something first.',
  STALE_LEASE: 'Stop: another has it.',
  STALE_TERM: 'Read who leads now, and in which term.',
  STILL_PARKED: 'Mend the read model before it is retried.',
  STREAM_UNREADABLE: 'Tell an operator: an event of it cannot be read.',
  TASK_REQUIRED: 'Say about which task.',
  TASK_UNKNOWN: 'List the tasks, and name one of them.',
  TERMS_EXCEEDED: 'Give it no later deadline and no more than you were left.',
  TIME_SLOT_CONFLICT: 'Plan another time, or cancel what is planned then.',
  TOO_MANY_APPROVALS: 'Wait for one of the approvals that are open.',
  UNSUPPORTED_MEDIA_TYPE: 'Send application/json.',
  USE_HANDOFF: 'Hand it off, with its context.',
  VALIDATION_ERROR: 'Mend what the errors point at, and send it again.',
  VETOER_UNKNOWN: 'Give vetoes to electors only.',
}

/** The sentence for a refusal, with what its context says. */
export function nextOf(code: string, context: Readonly<Record<string, unknown>> = {}): string {
  const sentence = next[code] ?? 'Read the detail; asked again unchanged, the answer will hardly be another.'
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => (typeof context[name] === 'string' ? context[name] : 'a later time'))
}

interface Problem {
  readonly title?: string
  readonly detail?: string
  readonly retryable?: boolean
  readonly errors?: readonly unknown[]
  readonly context?: Readonly<Record<string, unknown>>
}

/** A refusal as whoever asked is told of it. */
export function refusalOf({ code, document }: Pick<Refused, 'code' | 'document'>) {
  const { title, detail = title, retryable = false, errors = [], context } = document as Problem
  return { code, detail, retryable, ...(errors.length > 0 ? { errors } : {}), ...(context ? { context } : {}), next: nextOf(code, context) }
}
