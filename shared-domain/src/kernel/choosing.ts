import type { Said } from './alias.ts'
import {
  asksOf, placeOf, rejected_max, type Asking, type Bound, type Choice, type First, type Nothing, type Rejected, type Selection,
  type Standing,
} from './choice.ts'
import { inOrderOf, meetsAll, type Condition, type Joined } from './condition.ts'
import { reject, type Rejection } from './decider.ts'
import { cited, type Asked, type Grounds } from './grounds.ts'
import type { ReadModel, Row } from './read-model.ts'

/** Rows on a page of a choice that goes through them, and how many pages it looks at. */
export const page_rows = 500
export const pages_max = 20

/** Rows that are fetched together. */
export interface Slice {
  /** Each column holds one of these values. */
  readonly where: Readonly<Record<string, readonly unknown[]>>
  /** Each of the columns holds nothing, or an instant that does not lie ahead of this one. */
  readonly notAfter?: { readonly columns: readonly string[]; readonly at: string }
  readonly standing?: Standing
  readonly conditions?: readonly Condition[]
  readonly joined?: readonly Joined[]
  /** Rows that meet all of these are left out. */
  readonly except?: readonly Condition[]
  /** Columns, growing, nulls last. */
  readonly order: readonly string[]
  /** Values of those columns: only rows behind them are wanted. */
  readonly after?: readonly unknown[]
  readonly limit: number
}

const withKey = (columns: readonly string[], { key }: ReadModel) => [...columns, ...key.filter((column) => !columns.includes(column))]

/** What to fetch: first what comes first, then a slice for every combination of the values that are chosen among. */
export function slicesOf(
  choice: Choice, { id, wish, at }: Asking, limit: number, first?: First, takes: readonly Condition[] = [],
): readonly Slice[] {
  const { from, where, of, notBefore, standing, among } = choice
  const wanted = of === undefined ? where : { ...where, [of]: id }
  const everywhere = Object.fromEntries(Object.entries(wanted).map(([column, value]) => [column, [value].flat()]))
  const { conditions: wished, joined } = asksOf(choice, wish, at)
  const conditions = [...wished, ...takes]
  const order = withKey(choice.order, from)
  const same = {
    ...(notBefore === undefined ? {} : { notAfter: { columns: notBefore, at } }), ...(standing ? { standing } : {}),
    ...(joined.length > 0 ? { joined } : {}), limit,
  }
  const asked = conditions.length > 0 ? { conditions } : {}
  const others = Object.entries(among)
    .reduce<readonly Slice['where'][]>(
      (all, [column, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [column]: [value] }))), [everywhere])
    .map((one) => ({ where: one, ...same, ...asked, ...(first ? { except: first.meets } : {}), order }))
  if (!first) return others
  return [{ where: everywhere, ...same, conditions: [...conditions, ...first.meets], order: withKey(first.order, from) }, ...others]
}

export interface Ranked<R> {
  readonly row: R
  readonly score: number
}

/** Best first. */
export function rank<R extends Row>({ from, score, ties }: Choice<R>, rows: readonly R[], chooser: unknown, at: string, first?: First) {
  const isFirst = new Set(first && rows.filter((row) => meetsAll(row, first.meets)))
  const waiting = first ? inOrderOf(withKey(first.order, from)) : ties
  return rows.map((row): Ranked<R> => ({ row, score: score(row, chooser, at) })).sort((a, b) => {
    const isA = isFirst.has(a.row)
    if (isA !== isFirst.has(b.row)) return isA ? -1 : 1
    return isA ? waiting(a.row, b.row) : b.score - a.score || ties(a.row, b.row)
  })
}

/** One that may be taken, and what the fact would say of how it was picked. */
export interface Candidate<R = any> extends Ranked<R> {
  readonly selection: Selection
  /** What is told of whoever chooses. */
  readonly told: Said
}

/** How far a choice came: it waits for rows, for grounds, or for what becomes of a candidate. */
export type Step<R = any> =
  | { readonly rows: ReadModel; readonly slices: readonly Slice[] }
  | { readonly grounds: Asked }
  | { readonly candidate: Candidate<R> }

/** Why there are no more candidates, or why the choice ends with the one that was refused. */
export interface End {
  readonly policy: string
  readonly why: Rejection
  readonly told: Said
  readonly rejected: readonly Rejected[]
}

/**
 * A choice as it is made, for any host: it asks for what it must see and offers candidates, best first, at most `tries` of them. It is
 * told when the command refuses one. The same rows, policy and instant give the same candidates.
 */
export function* choosing<R extends Row>(choice: Choice<R>, asking: Asking, tries: number): Generator<Step<R>, End, any> {
  const { from, chooser: model, top, idOf, fits, outdated, passing, nothing, unfit = nothing } = choice
  const { at } = asking
  const policy = choice.policyOf?.(asking) ?? choice.policy
  const { chooser, ofChooser } = yield* chooserOf(choice, asking)
  if (model && !chooser) return { policy, why: reject('NOT_FOUND'), told: {}, rejected: [] }
  const { takes, otherwise, told = {} }: Partial<Bound> = choice.bounds?.of(ofChooser, asking) ?? {}
  const grounds: Grounds | undefined = choice.grounds && (yield { grounds: choice.grounds })
  const seen = grounds?.rows ?? {}
  const first = choice.first?.(seen, asking)
  const rejected: Rejected[] = []
  let refusal: Rejection | undefined
  let offers = 0

  const pass = (row: R, { code, detail }: Rejection) => {
    if (rejected.length < rejected_max) rejected.push({ id: idOf(row), code, detail })
  }

  /** Why it is the last one, if it is. */
  function* offer({ row, score }: Ranked<R>, among: readonly Ranked<R>[]): Generator<Step<R>, Rejection | undefined, any> {
    const candidates = among.slice(0, top).map((one) => ({ id: idOf(one.row), score: one.score }))
    const selection = { policy, candidates, rejected: [...rejected], ...(grounds ? { grounds: cited(grounds) } : {}) }
    const why: Rejection | undefined = yield { candidate: { row, score, selection, told } }
    offers++
    if (!why || outdated.includes(why.code)) return undefined
    if (!passing.includes(why.code)) return why
    pass(row, why)
    refusal ??= why
    return undefined
  }

  function* best(): Generator<Step<R>, Rejection | undefined, any> {
    const rows: readonly R[] = yield { rows: from, slices: slicesOf(choice, asking, tries, first, takes ?? []) }
    const ranked = rank(choice, rows, chooser, at, first).slice(0, tries)
    for (const one of ranked) {
      const last = yield* offer(one, ranked)
      if (last) return last
    }
    return undefined
  }

  /** Goes on behind the place that is named, if one is; where it stops before the end of the rows it says where. */
  function* firstThatFits(whyNot: ReturnType<NonNullable<typeof fits>>): Generator<Step<R>, Rejection | undefined, any> {
    const slices = slicesOf(choice, asking, page_rows, first, takes ?? [])
    let { number, after } = startOf(slices, asking.wish)
    for (let pages = 0; number < slices.length; pages++) {
      const slice = slices[number]!
      const rows: readonly R[] = pages < pages_max ? yield { rows: from, slices: [{ ...slice, ...(after ? { after } : {}) }] } : []
      for (const row of rows) {
        if (offers === tries) return unfinished(number, after)
        const reason = whyNot(row)
        const one = { row, score: choice.score(row, chooser, at) }
        const last = reason ? pass(row, reason) : yield* offer(one, [one])
        if (last) return last
        after = slice.order.map((column) => row[column])
      }
      if (pages === pages_max) return unfinished(number, after)
      if (rows.length < page_rows) [number, after] = [number + 1, undefined]
    }
    return undefined
  }

  const unfinished = (number: number, after: readonly unknown[] = []) => ended(unfit, { after: JSON.stringify([number, ...after]) })

  const ended = ({ code, detail = toldOf }: Nothing, more: Said = {}) => reject(code, { ...detail(rejected), ...more })

  const last = takes === null ? undefined : yield* fits ? firstThatFits(fits(seen, asking)) : best()
  const why = last ?? (choice.unfit ? undefined : refusal) ?? otherwise ?? ended(rejected.length > 0 ? unfit : nothing)
  return { policy, why, told, rejected }
}

/** The row of whoever chooses, where somebody does, and what the choice wants to know of it besides: by one statement. */
function* chooserOf({ chooser: model, ofChooser }: Choice, asking: Asking): Generator<Step, Chooser, any> {
  if (!model) return { chooser: undefined, ofChooser: {} }
  const { id } = asking
  if (!ofChooser) return { chooser: (yield { rows: model, slices: [rowAt(model, id)] })[0], ofChooser: {} }
  const [key] = model.key
  const own = { from: model, columns: Object.keys(model.row.shape), where: { [key!]: id }, limit: 1 }
  const { rows: { chooser: [chooser] = [], ...rest } }: Grounds = yield { grounds: { ...ofChooser.asks(asking), chooser: own } }
  return { chooser, ofChooser: rest }
}

interface Chooser {
  readonly chooser: Row | undefined
  readonly ofChooser: Grounds['rows']
}

const toldOf = (rejected: readonly Rejected[]): Said => (rejected.length > 0 ? { rejected } : {})

/** Where to begin: at the first slice, unless the wish says where an earlier choice stopped. */
function startOf(slices: readonly Slice[], { after: place }: Said): { number: number; after: readonly unknown[] | undefined } {
  const [number = 0, ...after] = (typeof place === 'string' && placeOf(place)) || []
  return { number, after: after.length === slices[number]?.order.length ? after : undefined }
}

const rowAt = ({ key: [column] }: ReadModel, id: unknown): Slice => ({ where: { [column!]: [id] }, order: [column!], limit: 1 })
