import { z } from 'zod'
import type { Alias, Said } from './alias.ts'
import type { Condition, Joined } from './condition.ts'
import { mayActAs, type Context, type Decider, type Rejection, type SettingValues } from './decider.ts'
import { Cited, type Asked, type Grounds } from './grounds.ts'
import type { ReadModel } from './read-model.ts'
import type { Refusal } from './refusal.ts'

/**
 * A choice among the rows of a read model, as data: both the question "which would be next?" and the command "take it" are made of it.
 * For every value of `among` the first `top` rows in `order` are fetched; within one value the order must never contradict the score,
 * so that the best rows of all are among those fetched.
 */
export interface Choice<Row = any> {
  readonly name: string
  readonly about: string
  /**
   * Routes: `GET <path>/:id/<question>`, if it may be asked for, and `POST <path>/:id/<command>`; without `:id` where nobody in particular
   * chooses.
   */
  readonly path: string
  readonly question?: string
  readonly command: string
  /** Older routes of the question (GET) and of the command (POST). */
  readonly aliases?: readonly Alias[]
  /** Named in every fact that the choice leads to, where who asks does not lead to another. */
  readonly policy: string
  readonly policyOf?: (asking: Asking) => string
  readonly from: ReadModel
  /** The column that holds the id in the path: of the chooser, if there is one. */
  readonly of?: string
  /** A value each, or several of which any will do. */
  readonly where: Readonly<Record<string, unknown>>
  /** Nullable instant columns: rows that have an instant in one that lies ahead are left out. */
  readonly notBefore?: readonly string[]
  /** Rows that name what does not stand are left out. */
  readonly standing?: Standing
  /** Fields of the request that leave out more rows, by name: of the body of the command, and of the query of the question. */
  readonly criteria?: Readonly<Record<string, Criterion>>
  /** The criterion that says for which orchestrator it is made: its own, where the caller speaks for one and for no other. */
  readonly onBehalf?: string
  readonly among: Readonly<Record<string, readonly unknown[]>>
  /** Columns, growing, nulls last; then the key. */
  readonly order: readonly string[]
  readonly top: number
  /** Where the chooser's own row, handed to `score`, stands. */
  readonly chooser?: ReadModel
  /** More of whoever chooses, asked for together with its own row: `bounds` has them. */
  readonly ofChooser?: { readonly reads: readonly ReadModel[]; readonly asks: (asking: Asking) => Asked }
  /** What binds whoever chooses at the moment; the question tells of it, in these fields. */
  readonly bounds?: { readonly fields: z.ZodObject; readonly of: (ofChooser: Grounds['rows'], asking: Asking) => Bound }
  /** Names of settings of the organization that it reads: `first` and `fits` have them, as of at most a second ago. */
  readonly settings?: readonly string[]
  /** Rows that it rests on besides: `first` and `fits` have them. */
  readonly grounds?: Asked
  /** Rows that come before all others, whatever the score of these. */
  readonly first?: (grounds: Grounds['rows'], asking: Asking) => First | undefined
  /**
   * Why a row will not do, with a code, or undefined when it does. A choice that asks this goes through its rows in their order: those
   * that come first, then by the values that are chosen among as they are given, then by `order`. The score is only told. Where it did not
   * come to their end, the answer says `after` what it may be asked to go on.
   */
  readonly fits?: (grounds: Grounds['rows'], asking: Asking) => (row: Row) => Rejection | undefined
  readonly score: (row: Row, chooser: any, at: string) => number
  /** Orders rows of equal score, better first. */
  readonly ties: (a: Row, b: Row) => number
  /** What the winner's id is, and the command it gets. */
  readonly idOf: (row: Row) => string
  readonly sends: { readonly to: Decider; readonly command: string; readonly data: (selection: Selection, asking: Asking) => unknown }
  /** Refusals of that command which say only that the row was old: the next is tried, and nothing is told of it. */
  readonly outdated: readonly string[]
  /** Refusals after which the next may still do; the first of them is the answer when none does, unless it is said what is. */
  readonly passing: readonly string[]
  /** The answer when there was nothing to take. */
  readonly nothing: Nothing
  /** The answer when there was something, and nothing of it would do. Not said, it is the same. */
  readonly unfit?: Nothing
  /** What the answer says besides, of what was taken, of the command's own answer and of what was passed over before. */
  readonly answers?: {
    readonly fields: z.ZodObject
    readonly of: (taken: { readonly id: string; readonly said: Said; readonly rejected: readonly Rejected[] }) => Said
  }
}

export interface Nothing extends Refusal {
  readonly code: string
  /** What is told of it; what was passed over, when not said. */
  readonly detail?: (rejected: readonly Rejected[]) => Said
}

/** Who chooses, where somebody does, by which criteria and when. */
export interface Asking {
  readonly id?: string | undefined
  readonly caller: Pick<Context, 'by' | 'actsFor'>
  readonly wish: Said
  readonly at: string
  /** Of those that the choice reads. */
  readonly settings?: SettingValues | undefined
}

export interface Bound {
  /** What is told of it. */
  readonly told: Said
  /** Only rows that meet these may be taken; null for none at all. All, when not said. */
  readonly takes?: readonly Condition[] | null
  /** The answer when nothing is taken, instead of the usual ones. */
  readonly otherwise?: Rejection
}

/** Every id (uuid) in a column is the key of a row of another read model, in which each of these columns holds one of these values. */
export interface Standing {
  readonly column: string
  readonly in: ReadModel
  readonly where: Readonly<Record<string, readonly unknown[]>>
}

export interface First {
  readonly meets: readonly Condition[]
  /** Columns, growing, nulls last; then the key. */
  readonly order: readonly string[]
}

/** A field of the request and the conditions that it becomes. */
export interface Criterion<Value extends z.ZodType = any> {
  readonly about: string
  readonly schema: Value
  readonly asks: (value: z.output<Value>, at: string) => readonly Condition[]
  /** The conditions are those of a row of another read model, whose key (one column) this column holds. */
  readonly joins?: { readonly column: string; readonly in: ReadModel }
}

export const criterion = <Value extends z.ZodType>(definition: Criterion<Value>): Criterion => definition

/** Where a choice that goes through its rows stopped: the number of the slice, and the values of its order. */
export const Place = z.string().max(2_000).refine((text) => placeOf(text) !== undefined, { error: 'is not where an answer said to go on' })

const Values = z.tuple([z.int().min(0)]).rest(z.union([z.string(), z.number(), z.null()]))

/** What such a text says, if it says anything. */
export function placeOf(text: string): z.output<typeof Values> | undefined {
  try {
    return Values.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** What a request may say to the choice. */
export const wishOf = ({ criteria = {}, fits }: Choice): z.ZodObject => z.strictObject({
  ...Object.fromEntries(Object.entries(criteria).map(([name, { schema, about }]) =>
    [name, (schema as z.ZodType).optional().describe(about)])),
  ...(fits ? { after: Place.optional().describe('Where an answer said to go on.') } : {}),
})

/** The answer when nothing could be taken, in both cases. */
export const endsOf = ({ nothing, unfit = nothing }: Choice): readonly Nothing[] => [...new Set([nothing, unfit])]

/**
 * The wish with the orchestrator for which it is made, where one is named or the caller speaks for one; undefined when the caller may not
 * act for it. Who may act for all of them may leave it out.
 */
export function onBehalf({ onBehalf: field }: Choice, wish: Said, caller: Pick<Context, 'by' | 'actsFor'>): Said | undefined {
  if (field === undefined) return wish
  const named = wish[field] ?? caller.actsFor ?? undefined
  if (!mayActAs(caller, String(named))) return undefined
  return named === undefined ? wish : { ...wish, [field]: named }
}

/** The conditions that a request adds. */
export function asksOf({ criteria = {} }: Choice, wish: Said, at: string) {
  const conditions: Condition[] = []
  const joined: Joined[] = []
  for (const [name, value] of Object.entries(wish)) {
    if (value === undefined || !(name in criteria)) continue
    const { asks, joins } = criteria[name]!
    if (joins) joined.push({ ...joins, meets: asks(value, at) })
    else conditions.push(...asks(value, at))
  }
  return { conditions, joined }
}

/** The read models whose rows tell which may be chosen. */
export const readBy = ({ from, standing, criteria = {}, grounds = {}, ofChooser }: Choice): readonly ReadModel[] => [...new Set([
  from, ...(standing ? [standing.in] : []), ...(ofChooser?.reads ?? []), ...Object.values(criteria).flatMap(({ joins }) => joins?.in ?? []),
  ...Object.values(grounds).map((part) => part.from),
])]

/** What the fact says of how its subject was picked. */
export interface Selection {
  readonly policy: string
  readonly candidates: readonly { readonly id: string; readonly score: number }[]
  /** What came before it and would not do, or was tried and refused: the first so many. */
  readonly rejected: readonly Rejected[]
  /** Of the rows that the choice rests on, where it names any. */
  readonly grounds?: z.output<typeof Cited>
}

/** So many of those that were passed over are told of. */
export const rejected_max = 50

export const Rejected = z.object({ id: z.string(), code: z.string(), detail: z.record(z.string(), z.unknown()) })
export type Rejected = Readonly<z.output<typeof Rejected>>
