import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import { answered, dueIn, told, unasked, type Standing } from './due.ts'
import { exchange, Failure, pathWith } from './http.ts'
import { mayChange, readsOf } from './reads.ts'
import { session } from './session.ts'
import type { Fact } from './stream.ts'

export interface Positioned { readonly position: string }

export interface Page<Row> extends Positioned {
  readonly items: readonly Row[]
  readonly next: string | null
}

/** A question as a page sees it. What was answered last is there while it is asked again, and when that fails. */
export interface Shown<Answer> {
  readonly path: string
  readonly answer: Answer | undefined
  readonly failure: Failure | undefined
  readonly standing: Standing
  /** Whether facts say when it has to be asked again; else it is as of when it was asked. */
  readonly isFollowed: boolean
  again(): void
}

const forgotten_ms = 30_000

class Query {
  readonly path: string
  readonly models: readonly string[]
  answer: any
  failure: Failure | undefined
  standing: Standing = unasked
  shown: Shown<any>
  readonly watchers = new Set<() => void>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #leaving: ReturnType<typeof setTimeout> | undefined

  constructor(path: string) {
    this.path = path
    this.models = readsOf(path)
    this.shown = this.#show()
  }

  watch(changed: () => void): () => void {
    clearTimeout(this.#leaving)
    this.watchers.add(changed)
    this.plan()
    return () => {
      this.watchers.delete(changed)
      if (this.watchers.size === 0) this.#leaving = setTimeout(() => {
        clearTimeout(this.#timer)
        queries.delete(this.path)
      }, forgotten_ms)
    }
  }

  hear({ type, position }: Pick<Fact, 'type' | 'position'>) {
    if (mayChange(type, this.models)) this.want(BigInt(position))
  }

  want(position: bigint) {
    const before = this.standing
    this.standing = told(before, position, Date.now())
    if (this.standing === before) return
    if (before.behindSince_ms !== this.standing.behindSince_ms) this.#tell()
    this.plan()
  }

  again = () => {
    this.standing = { ...this.standing, asked_ms: undefined, isRefused: false }
    this.plan()
  }

  /** Nobody looks at a page in the background: it is asked when somebody does. */
  plan() {
    clearTimeout(this.#timer)
    if (this.watchers.size === 0 || (document.hidden && this.standing.answered !== undefined)) return
    const wait_ms = dueIn(this.standing, Date.now())
    if (wait_ms === 0) void this.#ask()
    else if (wait_ms !== undefined) this.#timer = setTimeout(() => void this.#ask(), wait_ms)
  }

  async #ask() {
    const { wanted } = this.standing
    this.standing = { ...this.standing, isAsking: true, asked_ms: Date.now() }
    const by = session.get().key
    try {
      const waits = wanted !== undefined && this.models.length > 0
      const answer = await exchange<Positioned>(pathWith(this.path, waits ? { minPosition: String(wanted) } : {}))
      if (by !== session.get().key) return
      this.standing = answered(this.standing, BigInt(answer.position ?? '0'), Date.now())
      this.answer = answer
      this.failure = undefined
    } catch (error) {
      this.standing = { ...this.standing, isAsking: false, isRefused: true }
      this.failure = error as Failure
    }
    this.#tell()
    this.plan()
  }

  #tell() {
    this.shown = this.#show()
    for (const changed of [...this.watchers]) changed()
  }

  #show(): Shown<any> {
    const { path, answer, failure, standing, again } = this
    return { path, answer, failure, standing, isFollowed: this.models.length > 0, again }
  }
}

const queries = new Map<string, Query>()

const queryOf = (path: string): Query => {
  const known = queries.get(path) ?? new Query(path)
  queries.set(path, known)
  return known
}

/** Asks, keeps the answer level with the log, and shows it. Nothing is asked without a path. */
export function useQuery<Answer>(path: string | undefined): Shown<Answer> {
  const [, again] = useState(0)
  const query = path === undefined ? undefined : queryOf(path)
  useLayoutEffect(() => {
    if (!query) return undefined
    const before = query.shown
    const end = query.watch(() => again((n) => n + 1))
    if (query.shown !== before) again((n) => n + 1)
    return end
  }, [query])
  return query?.shown ?? nothing
}

/** Several at once, whose number may change. */
function useQueries<Answer>(paths: readonly string[]): readonly Shown<Answer>[] {
  const [, again] = useState(0)
  const asked = paths.map(queryOf)
  useLayoutEffect(() => {
    const ends = asked.map((query) => query.watch(() => again((n) => n + 1)))
    return () => { for (const end of ends) end() }
  }, [paths.join(' ')])
  return asked.map(({ shown }) => shown)
}

/** All pages of a list, up to so many, each kept level with the log. */
export function useWhole<Row>(path: string, pages_max: number): { readonly items: readonly Row[]; readonly first: Shown<Page<Row>>; readonly isCut: boolean } {
  const paths = [path]
  for (let next = queryOf(path).shown.answer?.next; next && paths.length < pages_max;) {
    const page = pathWith(path, { cursor: next })
    paths.push(page)
    next = queryOf(page).shown.answer?.next
  }
  const shown = useQueries<Page<Row>>(paths)
  return { items: shown.flatMap(({ answer }) => answer?.items ?? []), first: shown[0]!, isCut: Boolean(shown.at(-1)!.answer?.next) }
}

const nothing: Shown<any> = { path: '', answer: undefined, failure: undefined, standing: unasked, isFollowed: false, again: () => undefined }

/** Asked again in so long besides: what changes by the clock alone. */
export function useEvery(query: Shown<unknown>, period_ms: number) {
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) query.again() }, period_ms)
    return () => clearInterval(timer)
  }, [query.path, period_ms])
}

/** A fact names the questions that it may change. */
export const hearFact = (fact: Fact) => { for (const query of queries.values()) query.hear(fact) }

export const askAllAgain = () => { for (const query of queries.values()) query.again() }

/** Whatever was answered at an earlier position is asked again. */
export const wantAll = (position: string) => { for (const query of queries.values()) query.want(BigInt(position)) }

const patience_ms = 6_000

/** Wants all that is shown to be as of this position, and waits until it is, for a while. */
export async function level(position: string): Promise<void> {
  wantAll(position)
  const shown = [...queries.values()].filter(({ watchers, models }) => watchers.size > 0 && models.length > 0)
  await Promise.race([
    new Promise((resolve) => setTimeout(resolve, patience_ms)),
    Promise.all(shown.map((query) => new Promise<void>((resolve) => {
      const look = () => {
        if (query.standing.wanted !== undefined && !query.failure) return
        end()
        resolve()
      }
      const end = query.watch(look)
      look()
    }))),
  ])
}

export const forgetAnswers = () => queries.clear()

document.addEventListener('visibilitychange', () => { if (!document.hidden) for (const query of queries.values()) query.plan() })
