/**
 * Of what kind a refusal is: what whoever asked can do about it. `invalid` the wish itself is wrong, `forbidden` others may, `unknown`
 * there is no such thing, `conflict` not as things stand, `busy` the same wish may succeed later, `gone` never again, `unprocessable`
 * the wish is well-formed and makes no sense. Whoever serves a domain knows kinds and no codes.
 */
export const refusalKinds = ['invalid', 'forbidden', 'unknown', 'conflict', 'busy', 'gone', 'unprocessable'] as const
export type RefusalKind = (typeof refusalKinds)[number]

/** What is declared of a code. */
export interface Refusal {
  readonly kind: RefusalKind
  /** Why, in a sentence. */
  readonly says: string
}

/** The refusals of a decider by their codes. */
export type Refusals<Code extends string = string> = Readonly<Record<Code, Refusal>>

const ofKind = (kind: RefusalKind) => (says: string): Refusal => ({ kind, says })

export const invalid = ofKind('invalid')
export const forbidden = ofKind('forbidden')
export const unknown = ofKind('unknown')
export const conflict = ofKind('conflict')
export const busy = ofKind('busy')
export const gone = ofKind('gone')
export const unprocessable = ofKind('unprocessable')

/** Codes that a host gives by itself, too, whatever it serves. A decider that gives them declares them in words of its own. */
export const general = {
  VALIDATION_ERROR: invalid('The request is not valid.'),
  FORBIDDEN: forbidden('The API key does not allow this.'),
  NOT_FOUND: unknown('There is no such thing.'),
} as const satisfies Refusals
