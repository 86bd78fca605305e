import type { z } from 'zod'
import type { Alias, Said } from './alias.ts'
import type { EventCatalogue, EventOf } from './events.ts'
import type { Actor, AnyEvent, Meta } from './fact.ts'
import type { Asked, Grounds, RowsAsked } from './grounds.ts'
import type { Intent } from './intent.ts'
import type { Question } from './question.ts'
import type { Refusals } from './refusal.ts'
import type { Supplied, SupplyAsked } from './supply.ts'
import type { Signal } from './signal.ts'

/** The fold of one category of streams: what is known of each after every fact so far. */
export interface Fold<State = any, Event extends AnyEvent = any> {
  readonly category: string
  readonly events: EventCatalogue<any>
  readonly initial: State
  readonly evolve: (state: State, event: Event, meta: Meta) => State
}

/** What each fact adds to what is known; a fact without an entry does not compile. */
export type Evolve<State, Event extends AnyEvent> = {
  readonly [E in Event as E['type']]: (state: State, data: E['data'], meta: Meta) => State
}

export function fold<State, Events extends EventCatalogue<any>>(
  category: string, events: Events, initial: NoInfer<State>, evolve: Evolve<State, EventOf<Events>>,
): Fold<State, EventOf<Events>> {
  const step = evolve as unknown as Record<string, (state: State, data: unknown, meta: Meta) => State>
  return { category, events, initial, evolve: (state, event, meta) => step[event.type]!(state, event.data, meta) }
}

export const streamOf = ({ category }: Pick<Fold, 'category'>, id: string): string => `${category}-${id}`

/** Splits at the first hyphen, as EventStoreDB does. */
export function partsOf(stream: string): { readonly category: string; readonly id: string } {
  const hyphen = stream.indexOf('-')
  return hyphen < 0 ? { category: stream, id: '' } : { category: stream.slice(0, hyphen), id: stream.slice(hyphen + 1) }
}

/** The organization whose admins are operators: of the whole installation. */
export const operators = 'system'

/** Settings of an organization by name, whichever it has. */
export type SettingValues = Readonly<Record<string, unknown>>

export const scopes = ['read', 'write', 'execute', 'admin'] as const
export type Scope = (typeof scopes)[number]

export interface Context {
  readonly id: string
  readonly at: string
  /** What is asked for is taken over from another log, and `at` is the time that it has there. */
  readonly imported?: boolean | undefined
  readonly by: Actor
  /** The orchestrator that the caller's key speaks for: its own, a daemon's the one that it serves. Null for everybody else. */
  readonly actsFor: string | null
  /** What the caller's key allows; Baton's own processes may do everything. */
  readonly allowed: readonly Scope[]
  /** When the caller's key expires, null for never. Only Baton's own processes come without a key. */
  readonly keyExpiresAt?: string | null | undefined
  readonly organization: string
  readonly commandId: string
  /** An approval that whoever asks has got for it. */
  readonly approval?: string | undefined
  /** What is known of another stream, as advice: nothing guards it until the append. */
  readonly look: <State>(other: Fold<State>, id: string) => State
  /** What the organization has set, or what is so without, as of at most a second ago: of those that the command reads. */
  readonly settings?: SettingValues | undefined
  /** The rows that were asked for, where the command names any. */
  readonly grounds?: Grounds | undefined
  /** What was found in the table of a library, where the command wants something of one. */
  readonly supplied?: Supplied | undefined
  /** What could not be held for this command so far: it is to be chosen without. */
  readonly refused?: readonly Refused[]
  /** A secret made for this command: shown once in the answer, of which the domain sees only this. */
  readonly secret?: { readonly hash: string; readonly prefix: string } | undefined
  /** Networks that the operator lets Baton reach besides the public ones. */
  readonly networks?: readonly string[] | undefined
  /** The same of one that is sealed, for whoever needs to use it. */
  readonly sealedSecret?: string | undefined
}

/** True for whoever acts for the orchestrator, and for admins, tools and processes, which may act as any; never for an agent. */
export function mayActAs({ by, actsFor }: Pick<Context, 'by' | 'actsFor'>, orchestrator: string): boolean {
  switch (by.kind) {
    case 'admin': case 'tool': case 'process': return true
    case 'orchestrator': case 'daemon': return actsFor === orchestrator
    case 'agent': return false
  }
}

/** True for an admin and for Baton's own processes. */
export const isPrivileged = ({ by }: Pick<Context, 'by'>): boolean => by.kind === 'admin' || by.kind === 'process'

export class Rejection<Code extends string = string> {
  readonly code: Code
  readonly detail: Readonly<Record<string, unknown>>
  constructor(code: Code, detail: Readonly<Record<string, unknown>> = {}) {
    this.code = code
    this.detail = detail
  }
}

export const reject = <const Code extends string>(code: Code, detail?: Readonly<Record<string, unknown>>) => new Rejection(code, detail)

/** Something to be taken on another stream before the decision may stand, and given back when it does not. */
export interface Hold {
  readonly take: Intent
  /** `taken` is the revision of the other stream after the taking, which tells this taking from any other. */
  readonly giveBack: (taken: string) => Intent
  /** The decision must be stored within this time of the taking; later it is given back. */
  readonly within_ms: number
}

/** What a command wants to hold, in the order of the streams' names, in which everybody takes. */
export const inOrder = (holds: Hold | readonly Hold[] | undefined): readonly Hold[] =>
  (holds === undefined ? [] : [holds].flat()).toSorted((a, b) => (streamOf(a.take, a.take.id) < streamOf(b.take, b.take.id) ? -1 : 1))

/** A stream that did not let itself be held, and why. */
export interface Refused {
  readonly category: string
  readonly id: string
  readonly code: string
}

/** How often a choice is made, each time without what could not be held before. */
export const rounds_max = 5

/** An append is not begun when less than this is left of what it holds, so that it cannot come after the end of the hold. */
export const hold_margin_ms = 15_000

/** An alias of a command. */
export interface OlderWords<State = any> extends Alias {
  /** Why the facts that the command leads to must not follow when it is said with these words. */
  readonly guard?: (state: State, said: Said, context: Context) => Rejection | undefined
  /** What whoever says it so is warned of, if anything. */
  readonly warns?: (said: Said) => string | undefined
  /** What is left unsaid, as rows of the organization have it that are asked for then; undefined when there is no such thing. */
  readonly finds?: {
    readonly rows: (said: Said) => RowsAsked
    readonly says: (rows: readonly any[], at: string) => Said | undefined
  }
  /** What is left unsaid, as the state of the stream has it. */
  readonly fill?: (state: State, data: Said) => Said
  /** What the answer tells besides, under the name of the question: as of the command, or null where that could not be had in time. */
  readonly shows?: {
    readonly question: Question
    /** What the path of the question says, of the stream. */
    readonly params: (id: string) => Said
  }
}

/** A context in which no other stream can be looked at. */
export type Circumstances = Omit<Context, 'look'>

/** More fields of an answer. */
export interface Answers<State = any> {
  readonly fields: z.ZodObject
  /** Of the state after the command: also when nothing changed, and when a repetition is answered as the first time. */
  readonly of: (state: State, context: Context, data?: any) => Readonly<Record<string, unknown>>
}

export interface Command<State = any, Event = any, Code extends string = string, Data extends z.ZodObject = any> {
  readonly about: string
  readonly data: Data
  /** `METHOD /path`; `:id` is the stream, other parameters join the data. Default: `POST /<collection>/:id/<command-name>`. */
  readonly route?: string
  /** Older methods, paths and fields by which it is known as well. */
  readonly aliases?: readonly OlderWords<State>[]
  /**
   * The command starts a stream: its id is made for it, or given as `id`. Default route: `POST /<collection>`. With a `place` it is
   * taken to make something there, unless it takes something away; false says that it does not.
   */
  readonly creates?: boolean
  /** Operators alone may, each time for the organization that its stream is of: its facts are that organization's. It has a `place`. */
  readonly operators?: true
  /** Only Baton's own processes send it; there is no route. */
  readonly internal?: true
  /** What the caller's key must allow; `write` when not said. */
  readonly scope?: Scope
  /** A secret is made for the command and shown once: a key, of which its hash is kept, or one that begins so and is kept sealed. */
  readonly secret?: true | { readonly sealed: string }
  /** Names of fields, at any depth, whose texts of digits are numbers of any size and nothing that could be a secret. */
  readonly measures?: readonly string[]
  /** It is told often and is no fact: it decides who may tell it, leads to none, and what it says is kept for a while. */
  readonly signal?: Signal
  /** It passes the gate whatever its scope, and is known there by this name. */
  readonly gated?: string
  /** It decides on what the store says now, of other streams and of the caller's key: what was known a moment ago will not do. */
  readonly fresh?: true
  /** The id of its stream, made of what is said. The path names none; who says the same comes to the same stream. */
  readonly place?: (data: z.output<Data>, circumstances: Pick<Context, 'at' | 'organization'>) => string
  /** Names of settings that it reads: the context of `grounds`, `holds` and `decide` has them. */
  readonly settings?: readonly string[]
  /** Rows of read models that it rests on: the context of `holds` and `decide` has them. A repetition asks for none. */
  readonly grounds?: (state: State, data: z.output<Data>, context: Circumstances) => Asked
  /** What of a library's table is looked up before it is decided, if anything. A repetition asks for nothing. */
  readonly supply?: (state: State, data: z.output<Data>, context: Circumstances) => SupplyAsked | undefined
  /**
   * What must be held for it, if anything: all of it or nothing. Where something is refused, a command with grounds chooses again without
   * it, unless it wants the same once more; any other is refused for the same reason. It may look at what the decision looks at.
   */
  readonly holds?: (state: State, data: z.output<Data>, context: Context) => Hold | readonly Hold[] | undefined
  /** What its answers say besides id, revision, position and whether anything changed. */
  readonly answers?: Answers<State>
  /** The facts that follow (none when the wish is already true), or why not. Never throws, waits, reads a clock or makes an id. */
  readonly decide: (state: State, data: z.output<Data>, context: Context) => readonly Event[] | Rejection<Code>
}

/** One request for one command on many streams, each of which is answered for itself. Its route: `POST /<collection>/bulk`. */
export interface Bulk<Name extends string = string> {
  readonly about: string
  /** What the caller's key must allow, at least as much as for each command by itself; as much as the one asked for, when not said. */
  readonly scope?: Scope
  /** The actions that may be asked for, and the command that each is. */
  readonly actions: Readonly<Record<string, Name>>
  /** Older words: what the ids are called in them, and actions. */
  readonly older?: { readonly ids: string; readonly actions?: Readonly<Record<string, string>> }
  /** How many streams a request may name: 50, when not said. */
  readonly ids_max?: number
  /** Older words, each of them for one action. */
  readonly aliases?: readonly (Alias & { readonly action: string })[]
}

export interface Decider<
  State = any, Event extends AnyEvent = any, Code extends string = string, Data extends Record<string, z.ZodObject> = any,
> extends Fold<State, Event> {
  /** First segment of the routes, plural. */
  readonly collection: string
  readonly rejections: Refusals<Code>
  readonly commands: { readonly [Name in keyof Data]: Command<State, Event, Code, Data[Name]> }
  readonly bulk?: Bulk
}

export const decider = <State, Event extends AnyEvent, Code extends string, Data extends Record<string, z.ZodObject>>(
  fold: Fold<State, Event>,
  definition: {
    collection: string
    rejections: Refusals<Code>
    commands: { readonly [Name in keyof Data]: Command<State, Event, NoInfer<Code>, Data[Name]> }
    bulk?: Bulk<NoInfer<keyof Data & string>>
  },
): Decider<State, Event, Code, Data> => ({ ...fold, ...definition }) as never

/** Checks a part of a decider's commands that stands in a file of its own. */
export const commandsOf = <State, Event extends AnyEvent, Code extends string>() =>
  <Data extends Record<string, z.ZodObject>>(
    commands: { readonly [Name in keyof Data]: Command<State, Event, Code, Data[Name]> },
  ) => commands
