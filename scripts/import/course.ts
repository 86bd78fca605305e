import { v5 } from 'uuid'
import type { Answer } from '../api.ts'
import type { Mapping, Phase, Source } from './mapping.ts'
import { cut } from './cut.ts'
import type { Row } from './row.ts'

/** What a case has come to. */
export interface Case {
  readonly id: string
  owner: string
  assignee: string
  phase: Phase
  /** Of the lease, while active. */
  token: string
}

/** A command that a row asks for. */
export interface Wish {
  readonly name: string
  readonly path: string
  readonly body: object
  readonly at: string
}

/** What the one who sends a wish gives back: nothing when it was refused. */
export type Accepted = Pick<Answer, 'revision'> | undefined

const namespace = '2c1f2b6e-8b0f-5c1c-9f35-6f8a4a8f6b11'

export const idOf = ({ name: log }: Mapping, kind: 'task' | 'orchestrator', name: string): string => v5(`${log} ${kind} ${name}`, namespace)

export const caseOf = ({ source, values }: Row): string => values[source.case]!

/** The case that a row makes its own wait for. */
export const dependencyOf = ({ source, values }: Row): string | undefined =>
  (source.kind === 'dependencies' ? values[source.dependsOn ?? ''] ?? '' : undefined)

/** The course that cases take: what each row asks for, one wish after the other, given what became of those before it. */
export class Course {
  readonly cases = new Map<string, Case>()
  /** Who was to own a case, and the row that first named them. */
  readonly owners = new Map<string, Row>()
  readonly #mapping: Mapping

  constructor(mapping: Mapping) {
    this.#mapping = mapping
  }

  *of(row: Row): Generator<Wish, void, Accepted> {
    const { source, values } = row
    const other = dependencyOf(row)
    if (other !== undefined) {
      yield { name: 'depend', path: `/tasks/${this.#task(caseOf(row))}/dependencies`, body: { dependency: this.#task(other) }, at: row.at }
      return
    }
    const { unowned } = this.#mapping
    const known = this.cases.get(caseOf(row))
    if (known && source.kind === 'cases') return
    const isUnowned = !known || known.owner === unowned
    const owner = first(values, source.owner) ?? (isUnowned ? first(values, source.firstOwner) : undefined)
    if (known && owner !== undefined && owner !== known.owner) yield* this.#handOff(row, known, owner)
    const current = known ?? (yield* this.#create(row, owner ?? unowned))
    if (!current) return
    const assignee = first(values, source.assignee)
    const isNew = assignee !== undefined && assignee !== current.assignee
    if (isNew && (yield wish(row, current, 'assign', { assignee: cut(assignee, 200) }))) current.assignee = assignee
    yield* enter(row, current, phaseOf(row))
  }

  /** Gives a case back that nobody worked on for the longest time, so that another can be taken up. */
  *putBack(row: Row, name: string): Generator<Wish, void, Accepted> {
    const idle = this.cases.get(name)
    const reason = 'nobody was working on it: made room for another task'
    if (idle?.phase === 'active') yield* end(row, idle, 'release', 'open', { reason }, 'make room')
  }

  *#create(row: Row, owner: string): Generator<Wish, Case | undefined, Accepted> {
    const { source, values } = row
    const id = this.#task(caseOf(row))
    const priority = source.priority?.values[values[source.priority.column] ?? '']
    const accepted = yield {
      name: 'create', path: '/tasks', at: createdAt(row), body: {
        id, owner: this.#owner(row, owner), title: cut(titleOf(source, values), 500), ...(priority ? { priority } : {}),
        tags: [this.#mapping.name], metadata: { case: caseOf(row) },
      },
    }
    if (!accepted) return undefined
    const created: Case = { id, owner, assignee: '', phase: 'open', token: '' }
    this.cases.set(caseOf(row), created)
    return created
  }

  *#handOff(row: Row, known: Case, owner: string): Generator<Wish, void, Accepted> {
    const to = this.#owner(row, owner)
    if (!(yield wish(row, known, 'handoff', { to, notes: cut(`${known.owner} to ${owner}`, 2_000), force: true }))) return
    if (known.phase === 'active') known.phase = 'open'
    known.owner = owner
    // A move clears who was assigned: the row says it again.
    known.assignee = ''
  }

  #owner(row: Row, name: string): string {
    if (!this.owners.has(name)) this.owners.set(name, row)
    return idOf(this.#mapping, 'orchestrator', name)
  }

  #task(name: string): string {
    return idOf(this.#mapping, 'task', name)
  }
}

/** Brings the case from the phase it is in to the one that the row says. */
function* enter(row: Row, known: Case, phase: Phase | undefined): Generator<Wish, void, Accepted> {
  if (phase === undefined || phase === known.phase) return
  switch (phase) {
    case 'open':
      return yield* end(row, known, known.phase === 'active' ? 'release' : known.phase === 'blocked' ? 'unblock' : 'reopen', 'open')
    case 'active':
      return yield* start(row, known)
    case 'blocked':
      return yield* end(row, known, 'block', 'blocked', { reason: whyOf(row) })
    case 'done':
      yield* start(row, known)
      if (known.phase === 'active') yield* end(row, known, 'complete', 'done', { token: known.token })
      return
    case 'cancelled':
      return yield* end(row, known, 'cancel', 'cancelled')
  }
}

function* start(row: Row, known: Case): Generator<Wish, void, Accepted> {
  if (known.phase === 'blocked') yield* end(row, known, 'unblock', 'open')
  if (known.phase === 'blocked' || known.phase === 'active') return
  const accepted = yield wish(row, known, 'start')
  if (accepted) [known.phase, known.token] = ['active', accepted.revision]
}

function* end(row: Row, known: Case, verb: string, phase: Phase, body: object = {}, name = verb): Generator<Wish, void, Accepted> {
  if (yield { ...wish(row, known, verb, body), name }) known.phase = phase
}

const wish = (row: Row, { id }: Case, verb: string, body: object = {}): Wish =>
  ({ name: verb, path: `/tasks/${id}/${verb}`, body, at: row.at })

const first = (values: Row['values'], columns: readonly string[]): string | undefined =>
  columns.map((column) => values[column]).find((value) => value !== undefined && value !== '')

const titleOf = ({ title, case: name }: Source, values: Row['values']): string =>
  title.replaceAll(/\{([^}]+)\}/g, (_, column: string) => values[column === 'case' ? name : column] ?? '').trim() || values[name]!

const stateOf = ({ phase }: Source, values: Row['values']): string => (phase?.columns ?? []).map((column) => values[column] ?? '').join('|')

/** What the row says of the phase, if anything. */
export function phaseOf({ source, values }: Row): Phase | undefined {
  const state = stateOf(source, values)
  const fits = (key: string) => key === state || (key.endsWith('*') && state.startsWith(key.slice(0, -1)))
  return Object.entries(source.phase?.values ?? {}).find(([key]) => fits(key))?.[1] ?? undefined
}

const whyOf = ({ source, values }: Row): string =>
  cut(stateOf(source, values).replaceAll('|', ' ').trim(), 500) || 'blocked in the source'

const createdAt = ({ created, at }: Row): string => (created !== undefined && created < at ? created : at)
