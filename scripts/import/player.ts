import { v5 } from 'uuid'
import { Refused, type Answer, type Api } from '../api.ts'
import type { Mapping, Phase, Source } from './mapping.ts'
import type { Row } from './rows.ts'

/** What the log contradicts, row by row. */
export interface Refusal {
  readonly file: string
  readonly row: number
  readonly case: string
  readonly wish: string
  readonly code: string
}

export interface Played {
  readonly rows: number
  readonly commands: number
  readonly byWish: Readonly<Record<string, number>>
}

interface Case {
  readonly id: string
  owner: string
  assignee: string
  phase: Phase
  /** Of the lease, while active. */
  token: string
}

interface Team {
  readonly id: string
  readonly isReady: Promise<unknown>
  /** Cases in progress, the one that was touched longest ago first. */
  readonly active: Map<string, Case>
}

const namespace = '2c1f2b6e-8b0f-5c1c-9f35-6f8a4a8f6b11'
const window_max = 64
const slots_max = 50
/** Slots come back in the background; this many stay unused so that nobody has to wait for that. */
const slots_spare = 8
const full_tries_max = 40

/**
 * Plays rows through the command API in their order: rows of one case one after the other, cases side by side. Every command has an
 * idempotency key made of the row, so the same log again changes nothing.
 */
export class Player {
  readonly #api: Api
  readonly #mapping: Mapping
  readonly #onRefusal: (refusal: Refusal) => void
  readonly #teams = new Map<string, Team>()
  readonly #cases = new Map<string, Case>()
  readonly #tails = new Map<string, Promise<void>>()
  readonly #byWish: Record<string, number> = {}
  #commands = 0
  #rows = 0

  constructor(api: Api, mapping: Mapping, onRefusal: (refusal: Refusal) => void) {
    this.#api = api
    this.#mapping = mapping
    this.#onRefusal = onRefusal
  }

  async play(rows: readonly Row[], onProgress: (done: number) => void): Promise<Played> {
    const underWay = new Set<Promise<void>>()
    let failure: unknown
    for (const row of rows) {
      if (failure !== undefined) break
      const name = row.values[row.source.case]!
      const mine = (this.#tails.get(name) ?? Promise.resolve()).then(() => this.#row(row)).catch((error: unknown) => { failure ??= error })
      const counted = mine.then(() => {
        underWay.delete(counted)
        if (this.#tails.get(name) === mine) this.#tails.delete(name)
        onProgress(++this.#rows)
      })
      this.#tails.set(name, mine)
      underWay.add(counted)
      if (underWay.size >= window_max) await Promise.race(underWay)
    }
    await Promise.all(underWay)
    if (failure !== undefined) throw failure
    return { rows: this.#rows, commands: this.#commands, byWish: this.#byWish }
  }

  #row(row: Row): Promise<void> {
    return row.source.kind === 'dependencies' ? this.#dependency(row) : this.#state(row)
  }

  async #dependency(row: Row) {
    const dependency = this.#idOf('task', row.values[row.source.dependsOn ?? ''] ?? '')
    await this.#wish(row, 'depend', `/tasks/${this.#idOf('task', row.values[row.source.case]!)}/dependencies`, { dependency })
  }

  async #state(row: Row) {
    const { source, values } = row
    const name = values[source.case]!
    let known = this.#cases.get(name)
    const owner = first(values, source.owner) ?? (known ? undefined : first(values, source.firstOwner) ?? this.#mapping.unowned)
    if (!known) {
      known = await this.#create(row, name, owner!)
      if (!known) return
    } else if (owner !== undefined && owner !== known.owner) await this.#handOff(row, known, owner)
    const assignee = first(values, source.assignee)
    if (assignee !== undefined && assignee !== known.assignee && await this.#wish(row, 'assign', `/tasks/${known.id}/assign`, { assignee })) known.assignee = assignee
    await this.#enter(row, known, phaseOf(source, values))
  }

  async #create(row: Row, name: string, owner: string): Promise<Case | undefined> {
    const { source, values } = row
    const team = await this.#team(owner, row)
    const priority = source.priority?.values[values[source.priority.column] ?? '']
    const answer = await this.#wish(row, 'create', '/tasks', {
      id: this.#idOf('task', name), owner: team.id, title: titleOf(source, values).slice(0, 500), ...(priority ? { priority } : {}), tags: [this.#mapping.name],
      metadata: { case: name },
    })
    if (!answer) return undefined
    const created: Case = { id: answer.id, owner, assignee: '', phase: 'open', token: '' }
    this.#cases.set(name, created)
    return created
  }

  async #handOff(row: Row, known: Case, owner: string) {
    const to = await this.#team(owner, row)
    const answer = await this.#wish(row, 'handoff', `/tasks/${known.id}/handoff`, { to: to.id, notes: `${known.owner} to ${owner}`, force: true })
    if (!answer) return
    this.#leave(known)
    if (known.phase === 'active') known.phase = 'open'
    known.owner = owner
  }

  /** Brings the case from the phase it is in to the one that the row says. */
  async #enter(row: Row, known: Case, phase: Phase | undefined) {
    if (phase === undefined || phase === known.phase) {
      if (phase === 'active') this.#touch(known)
      return
    }
    const task = `/tasks/${known.id}`
    switch (phase) {
      case 'open':
        if (known.phase === 'active') await this.#end(row, known, 'release', `${task}/release`, {}, 'open')
        else if (known.phase === 'blocked') await this.#end(row, known, 'unblock', `${task}/unblock`, {}, 'open')
        else await this.#end(row, known, 'reopen', `${task}/reopen`, {}, 'open')
        return
      case 'active':
        await this.#start(row, known)
        return
      case 'blocked':
        await this.#end(row, known, 'block', `${task}/block`, { reason: whyOf(row) }, 'blocked')
        return
      case 'done':
        if (known.phase === 'active' || await this.#start(row, known)) await this.#end(row, known, 'complete', `${task}/complete`, { token: known.token }, 'done')
        return
      case 'cancelled':
        await this.#end(row, known, 'cancel', `${task}/cancel`, {}, 'cancelled')
    }
  }

  async #end(row: Row, known: Case, wish: string, path: string, body: object, phase: Phase) {
    if (!await this.#wish(row, wish, path, body)) return
    this.#leave(known)
    known.phase = phase
  }

  async #start(row: Row, known: Case): Promise<boolean> {
    if (known.phase === 'blocked') await this.#end(row, known, 'unblock', `/tasks/${known.id}/unblock`, {}, 'open')
    if (known.phase !== 'open' && known.phase !== 'done' && known.phase !== 'cancelled') return false
    const team = await this.#team(known.owner, row)
    await this.#makeRoom(row, team)
    // Counted before the answer, so that cases side by side do not all take the last slot.
    team.active.set(known.id, known)
    const answer = await this.#wish(row, 'start', `/tasks/${known.id}/start`)
    if (!answer) {
      team.active.delete(known.id)
      return false
    }
    known.token = answer.revision
    known.phase = 'active'
    return true
  }

  /** Nobody works on more than fifty things at once: what was not touched for the longest time is given back, and taken up again later. */
  async #makeRoom(row: Row, { active }: Team) {
    while (active.size >= slots_max - slots_spare) {
      const idle = active.values().next().value!
      active.delete(idle.id)
      if (idle.phase !== 'active') continue
      idle.phase = 'open'
      await this.#wish(row, 'make room', `/tasks/${idle.id}/release`, { reason: 'nobody was working on it: made room for another task' }, idle.id)
    }
  }

  #touch(known: Case) {
    const active = this.#teams.get(known.owner)?.active
    if (active?.delete(known.id)) active.set(known.id, known)
  }

  #leave(known: Case) {
    this.#teams.get(known.owner)?.active.delete(known.id)
  }

  async #team(name: string, row: Row): Promise<Team> {
    let team = this.#teams.get(name)
    if (!team) this.#teams.set(name, team = { id: this.#idOf('orchestrator', name), active: new Map(), isReady: this.#register(name, row) })
    await team.isReady
    return team
  }

  async #register(name: string, row: Row) {
    const id = this.#idOf('orchestrator', name)
    const headers = (what: string) => ({ key: `${this.#mapping.name} ${what} ${id}`, importedAt: row.at })
    await this.#api.post('/orchestrators', { id, name: name.slice(0, 100), maxConcurrentTasks: slots_max }, headers('register'))
    await this.#api.post(`/orchestrators/${id}/activate`, { reason: 'imported' }, headers('activate'))
    this.#commands += 2
  }

  /** Sends one command; a refusal is reported with its row and is no reason to stop. */
  async #wish(row: Row, wish: string, path: string, body: object = {}, about = ''): Promise<Answer | undefined> {
    const key = `${this.#mapping.name} ${row.source.file} ${row.number} ${wish}${about && ` ${about}`}`
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.#api.post(path, body, { key, importedAt: this.#timeOf(row, wish) })
        this.#commands++
        this.#byWish[wish] = (this.#byWish[wish] ?? 0) + 1
        return answer
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        // Slots that were given back a moment ago may not have arrived yet.
        if (error.code === 'CAPACITY_EXCEEDED' && tries < full_tries_max) {
          await new Promise((resolve) => setTimeout(resolve, 50))
          continue
        }
        this.#onRefusal({ file: row.source.file, row: row.number, case: row.values[row.source.case]!, wish, code: error.code })
        return undefined
      }
    }
  }

  #timeOf({ source, values, at }: Row, wish: string): string {
    if (wish !== 'create' || !source.created) return at
    const text = values[source.created]
    const created = text ? new Date(/(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}${source.zone}`) : undefined
    return created && !Number.isNaN(created.getTime()) && created.toISOString() < at ? created.toISOString() : at
  }

  #idOf(kind: string, name: string): string {
    return v5(`${this.#mapping.name} ${kind} ${name}`, namespace)
  }
}

const first = (values: Row['values'], columns: readonly string[]): string | undefined => columns.map((column) => values[column]).find((value) => value !== undefined && value !== '')

const titleOf = ({ title, case: name }: Source, values: Row['values']): string =>
  title.replaceAll(/\{([^}]+)\}/g, (_, column: string) => values[column === 'case' ? name : column] ?? '').trim() || values[name]!

const stateOf = ({ phase }: Source, values: Row['values']): string => (phase?.columns ?? []).map((column) => values[column] ?? '').join('|')

const phaseOf = (source: Source, values: Row['values']): Phase | undefined => source.phase?.values[stateOf(source, values)] ?? undefined

const whyOf = ({ source, values }: Row): string => stateOf(source, values).replaceAll('|', ' ').trim().slice(0, 500) || 'blocked in the source'
