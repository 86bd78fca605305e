import { isDeepStrictEqual } from 'node:util'
import { jsonEvent, type EventData } from '@eventstore/db-client'
import { hold_margin_ms, Rejection, scopes, streamOf, type Command, type Context, type Decider, type Fold, type Hold, type Scope } from 'shared-domain/kernel/decider.ts'
import type { Actor, AnyEvent } from 'shared-domain/kernel/fact.ts'
import { versionOf } from 'shared-domain/kernel/events.ts'
import type { Intent } from 'shared-domain/kernel/intent.ts'
import { v5 } from 'uuid'
import { fingerprintOf, isOf } from './fingerprint.ts'
import { newId } from './new-id.ts'
import { Busy, type Queues } from './queues.ts'
import { Conflict, type EventStore } from './store/event-store.ts'
import type { Entry, Streams } from './store/streams.ts'

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
  /** What the words that the command was asked for with add to it: what they left unsaid, and why what it leads to must not follow. */
  readonly fill?: ((state: any, data: any) => unknown) | undefined
  readonly guard?: ((state: any, context: Context) => Rejection | undefined) | undefined
}

export interface Accepted {
  readonly id: string
  readonly revision: number
  readonly position: bigint
  readonly changed: boolean
}

/** Besides the codes of the decider: NOT_FOUND, REVISION_MISMATCH, IDEMPOTENCY_MISMATCH. */
export type Outcome = Accepted | Rejection

export type Handle = (decider: Decider, name: string, data: unknown, request: Request) => Promise<Outcome>

interface Run {
  readonly decider: Decider
  readonly name: string
  readonly command: Command
  readonly data: unknown
  readonly request: Request
  /** Tells a repetition from another request under the same id. */
  readonly hash: string | undefined
  held?: { readonly hold: Hold; readonly since_ms: number; readonly taken: string }
}

const attempts_max = 10
/** How old the view of another stream may be when somebody from outside asks; Baton's own processes always look anew. */
const advice_max_ms = 1_000

const wordOf = ({ category }: Decider, name: string) => `${category}.${name}`

/** Thrown by a look at a stream that has not been read yet; no error, so that it costs no stack trace. */
class Unseen {
  readonly stream: string
  readonly fold: Fold
  readonly id: string
  constructor(stream: string, fold: Fold, id: string) {
    this.stream = stream
    this.fold = fold
    this.id = id
  }
}

/** Reads a stream, decides, appends; decides anew when another writer came first. Throws `Busy` when it never gets its turn. */
export function handler(store: EventStore, streams: Streams, queues: Queues, deciders: readonly Decider[]): Handle {
  const byCategory = new Map(deciders.map((decider) => [decider.category, decider]))

  /** Runs a pure decision; when it looks at a stream not yet seen, reads that stream and runs it again. */
  async function decided(entry: Entry, { command, data, request }: Run, age_max_ms: number): Promise<readonly AnyEvent[] | Rejection> {
    if (entry.organization !== undefined && entry.organization !== request.organization) return new Rejection('NOT_FOUND')
    if (request.expected !== undefined && request.expected !== entry.revision) return new Rejection('REVISION_MISMATCH', { revision: String(entry.revision) })
    const seen = new Map<string, Entry>()
    const look: Context['look'] = (other, id) => {
      const stream = streamOf(other, id)
      const view = seen.get(stream)
      if (!view) throw new Unseen(stream, other, id)
      return view.state
    }
    for (;;) {
      try {
        const context = { ...request, look }
        const decision = command.decide(entry.state, request.fill ? request.fill(entry.state, data) : data, context)
        // What is true already, or refused, is so whoever says it with which words.
        return (Array.isArray(decision) && decision.length > 0 && request.guard?.(entry.state, context)) || decision
      } catch (unseen) {
        if (!(unseen instanceof Unseen)) throw unseen
        seen.set(unseen.stream, await streams.recent(unseen.fold, unseen.id, age_max_ms))
      }
    }
  }

  /** A command on another stream in the service of this one. Its own wish names what it is for, so that asking twice changes nothing. */
  function carryOut(intent: Intent, { request }: Run, isUrgent?: boolean): Promise<Outcome> {
    const decider = byCategory.get(intent.category)!
    const data = decider.commands[intent.command]!.data.parse(intent.data)
    return handle(decider, intent.command, data, {
      ...request, id: intent.id, isNew: false, commandId: newId(), causationId: request.commandId, repeatable: false, expected: undefined, allowed: scopes,
      // What is held is held now, and has its timer, whenever the fact that it is for took place.
      at: new Date().toISOString(), imported: false,
    }, isUrgent)
  }

  /** Takes what the decision must hold, once; a refusal is the answer to the command. */
  async function secured(run: Run, state: unknown): Promise<Rejection | undefined> {
    const hold = run.command.holds?.(state, run.data, { ...run.request, look: () => { throw new Error('a hold looks at nothing') } })
    // Another writer may have come first and changed what there is to be held.
    if (run.held && !isDeepStrictEqual(run.held.hold.take, hold?.take)) await givenBack(run)
    if (!hold) return undefined
    if (!run.held) {
      const since_ms = performance.now()
      const taken = await carryOut(hold.take, run)
      if (taken instanceof Rejection) return taken
      run.held = { hold, since_ms, taken: String(taken.revision) }
    }
    if (performance.now() - run.held.since_ms > run.held.hold.within_ms - hold_margin_ms) throw new Busy('the hold is about to end')
    return undefined
  }

  async function stored(run: Run, entry: Entry, base: number, facts: readonly AnyEvent[]): Promise<Accepted> {
    const { decider, request, hash } = run
    const { id, at, by, organization, commandId } = request
    const meta = { at, by, organization, commandId, ...(request.imported ? { imported: true } : {}), ...(hash ? { request: hash } : {}) }
    const trace = { $correlationId: request.correlationId, $causationId: request.causationId, ...(request.traceparent ? { traceparent: request.traceparent } : {}) }
    const events = facts.map(({ type, data }, index) => {
      const definition = decider.events.definitions[type]!
      // A fact that could not be read again must not be stored: it would close its stream.
      const checked = definition.data.parse(data)
      return jsonEvent({ id: v5(String(index), commandId), type, data: checked as never, metadata: { version: versionOf(definition), ...meta, ...trace } as never })
    }) as EventData[]
    const { revision, position } = await store.append(entry.stream, base, events)
    streams.advance(entry, decider, base, facts, meta, position)
    return { id, revision, position, changed: true }
  }

  async function attempt(run: Run, isFirst: boolean): Promise<Outcome> {
    const { decider, command, request, hash } = run
    const known = isFirst ? streams.known(decider, request.id) ?? (request.isNew ? streams.blank(decider, request.id) : undefined) : undefined
    let entry = known ?? await streams.refreshed(decider, request.id)
    for (let isSure = !known; ; isSure = true) {
      const earlier = hash ? await streams.answered(entry, request.commandId) : undefined
      if (earlier) {
        if (!isOf(earlier.request, wordOf(decider, run.name), run.data)) return new Rejection('IDEMPOTENCY_MISMATCH')
        return { id: request.id, revision: earlier.revision, position: earlier.position, changed: true }
      }
      const { revision: base, state } = entry
      const decision = await decided(entry, run, command.internal || command.fresh || isSure ? 0 : advice_max_ms)
      if (entry.revision !== base) throw new Conflict(entry.stream)
      if (!(decision instanceof Rejection) && decision.length > 0) return (await secured(run, state)) ?? stored(run, entry, base, decision)
      // Nothing guards a refusal or a no-op, so it is given only on what the store says now.
      if (!isSure) entry = await streams.refreshed(decider, request.id)
      else if (decision instanceof Rejection) return decision
      else return { id: request.id, revision: entry.revision, position: entry.position, changed: false }
    }
  }

  async function persistently(run: Run): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(run, tries === 1)
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
        if (tries === attempts_max) throw new Busy(error.message)
      }
    }
  }

  async function givenBack(run: Run): Promise<void> {
    if (run.held) await carryOut(run.held.hold.giveBack(run.held.taken), run, true)
    delete run.held
  }

  /** What was held for nothing goes back. After an append of unknown fate it stays: the end of its time settles it by what the log says. */
  async function settled(run: Run, outcome: Promise<Outcome>): Promise<Outcome> {
    try {
      const answer = await outcome
      if (answer instanceof Rejection || !answer.changed) await givenBack(run)
      return answer
    } catch (error) {
      if (error instanceof Busy) await givenBack(run)
      throw error
    }
  }

  /** What gives back goes before what takes, or nobody would get anything under load: what processes send, and what was held in vain. */
  function handle(decider: Decider, name: string, data: unknown, request: Request, isUrgent = request.by.kind === 'process'): Promise<Outcome> {
    const hash = request.repeatable ? fingerprintOf(wordOf(decider, name), data) : undefined
    const run: Run = { decider, name, command: decider.commands[name]!, data, request, hash }
    return queues.run(streamOf(decider, request.id), () => settled(run, persistently(run)), isUrgent)
  }

  return handle
}
