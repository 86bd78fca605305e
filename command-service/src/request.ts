import type { Command, Context, Decider, Hold, Rejection, Scope, SettingValues } from 'shared-domain/kernel/decider.ts'
import type { Actor } from 'shared-domain/kernel/fact.ts'
import type { Asked, Grounds } from 'shared-domain/kernel/grounds.ts'
import type { Barrier, Said } from 'shared-domain/kernel/gate.ts'
import type { Intent } from 'shared-domain/kernel/intent.ts'
import type { Supplied, SupplyAsked } from 'shared-domain/kernel/supply.ts'

/** One wish for one stream, with everything that the log will say about who, when and why. */
export interface Request {
  readonly id: string
  readonly by: Actor
  /** The orchestrator that the caller's key speaks for, if for any. */
  readonly actsFor: string | null
  /** What the caller's key allows. */
  readonly allowed: readonly Scope[]
  /** When the caller's key expires, null for never. */
  readonly keyExpiresAt?: string | null | undefined
  readonly organization: string
  readonly at: string
  readonly commandId: string
  /** The command can come again under the same id: it is kept with the stream and answered as the first time. */
  readonly repeatable: boolean
  /** The id was made for this request: there is no such stream yet, and the append would notice if there were. */
  readonly isNew?: boolean | undefined
  readonly correlationId: string
  readonly causationId: string
  readonly traceparent?: string | undefined
  readonly imported?: boolean | undefined
  /** The caller's expected revision (If-Match): the caller owns the conflict. */
  readonly expected?: number | undefined
  readonly secret?: Context['secret']
  readonly sealedSecret?: Context['sealedSecret']
  readonly networks?: Context['networks']
  /** A secret that was made for it and is kept sealed: nobody else is told of it. */
  readonly made?: string | undefined
  /** JSON pointers to what the request said and is not kept. */
  readonly redacted?: readonly string[]
  /** How it was asked for from outside: what the gate is asked about. */
  readonly said?: Said | undefined
  /** The approval that the caller shows. */
  readonly approval?: string | undefined
  /** What the words that the command was asked for with add to it: what they left unsaid, and why what it leads to must not follow. */
  readonly fill?: ((state: any, data: any) => unknown) | undefined
  readonly guard?: ((state: any, context: Context) => Rejection | undefined) | undefined
}

export interface Accepted {
  readonly id: string
  readonly revision: number
  readonly position: bigint
  readonly changed: boolean
  /** What the command answers besides. */
  readonly more?: Readonly<Record<string, unknown>>
}

/** Besides the codes of the decider: NOT_FOUND, REVISION_MISMATCH, IDEMPOTENCY_MISMATCH. */
export type Outcome = Accepted | Rejection

export type Handle = (decider: Decider, name: string, data: unknown, request: Request) => Promise<Outcome>

/** A command on its way. */
export interface Run {
  readonly decider: Decider
  readonly name: string
  readonly command: Command
  readonly data: unknown
  /** The same, without what was sealed, and equal where that is. */
  readonly said: unknown
  readonly request: Request
  /** Tells a repetition from another request under the same id. */
  readonly hash: string | undefined
  /** What it holds by now. */
  readonly held: Held[]
  /** What could not be held. */
  readonly refused: Unheld[]
  /** What stands in its way, once the gate was asked. */
  barrier?: Barrier | 'none'
  grounds?: { readonly asked: Asked; readonly found: Grounds } | undefined
  supplied?: { readonly asked: SupplyAsked; readonly found: Supplied } | undefined
  /** Of those that the command reads. */
  settings?: SettingValues
}

export interface Held {
  readonly hold: Hold
  readonly since_ms: number
  /** Revision of the other stream after the taking. */
  readonly taken: string
}

export interface Unheld {
  readonly take: Intent
  readonly why: Rejection
}

/** What is wished in this state, with what the words left unsaid. */
export const wishIn = (state: unknown, { data, request: { fill } }: Run): unknown => (fill ? fill(state, data) : data)

/** What a pure function is told of a command that is on its way, besides the state. */
export const circumstancesOf = ({ request, grounds, supplied, settings, refused = [] }: Pick<Run, 'request'> & Partial<Run>) => ({
  ...request, settings, grounds: grounds?.found, supplied: supplied?.found, refused: refused.map(({ take: { category, id }, why: { code } }) => ({ category, id, code })),
})
