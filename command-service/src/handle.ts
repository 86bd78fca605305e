import { jsonEvent, type EventData } from '@eventstore/db-client'
import { Rejection, scopes, streamOf, type Decider } from 'shared-domain/kernel/decider.ts'
import type { AnyEvent } from 'shared-domain/kernel/fact.ts'
import { versionOf } from 'shared-domain/kernel/events.ts'
import type { Gate } from 'shared-domain/kernel/gate.ts'
import type { Intent } from 'shared-domain/kernel/intent.ts'
import { v5 } from 'uuid'
import { answering, repeating } from './answers.ts'
import { deciding } from './deciding.ts'
import { fingerprintOf, isOf } from './fingerprint.ts'
import { gating } from './gating.ts'
import { grounding, type FindRows } from './grounding.ts'
import { holding } from './holding.ts'
import { looking } from './looking.ts'
import { newId } from 'shared-service/new-id.ts'
import type { Sealing } from 'shared-service/sealing.ts'
import { Busy, type Queues } from './queues.ts'
import { sealedBy } from './sealed-by.ts'
import type { Accepted, Handle, Outcome, Request, Run } from './request.ts'
import type { FindSettings } from './organizations.ts'
import { supplying, tables } from './supplying.ts'
import { Conflict, type EventStore } from './store/event-store.ts'
import type { Entry, Streams } from './store/streams.ts'

const attempts_max = 10
/** How old the view of another stream may be when somebody from outside asks; Baton's own processes always look anew. */
const advice_max_ms = 1_000

const wordOf = ({ category }: Decider, name: string) => `${category}.${name}`

const leadsOn = (decision: readonly AnyEvent[] | Rejection): decision is readonly AnyEvent[] => !(decision instanceof Rejection) && decision.length > 0

interface Parts {
  readonly store: EventStore
  readonly streams: Streams
  readonly queues: Queues
  readonly deciders: readonly Decider[]
  readonly findRows: FindRows
  readonly findSettings: FindSettings
  readonly gate?: Gate | undefined
  /** Keeps what was told and is no fact. */
  readonly signalled?: ((run: Run) => void) | undefined
  /** Without it nothing is taken that has to be sealed. */
  readonly sealing?: Sealing | undefined
  /** That the operator lets Baton reach. */
  readonly networks?: readonly string[] | undefined
}

/** Reads a stream, decides, appends; decides anew when another writer came first. Throws `Busy` when it never gets its turn. */
export function handler({ store, streams, queues, deciders, findRows, findSettings, gate, signalled, sealing, networks }: Parts): Handle {
  const byCategory = new Map(deciders.map((decider) => [decider.category, decider]))
  const looked = looking(streams)
  const decided = deciding(looked)
  const moreOf = answering(looked)
  const repeated = repeating(streams, looked)
  const grounded = grounding(findRows)
  const supplied = supplying(tables)
  const barred = gating(gate, looked, carryOut)
  const { secured, settled } = holding(carryOut, looked)

  /** A command on another stream in the service of this one. Its own wish names what it is for, so that asking twice changes nothing. */
  function carryOut(intent: Intent, { request }: Run, isUrgent?: boolean): Promise<Outcome> {
    const decider = byCategory.get(intent.category)!
    const data = decider.commands[intent.command]!.data.parse(intent.data)
    return handle(decider, intent.command, data, {
      ...request, id: intent.id, isNew: false, commandId: newId(), causationId: request.commandId, repeatable: false, expected: undefined, fill: undefined, guard: undefined, said: undefined, approval: undefined, allowed: scopes,
      // What is held is held now, and has its timer, whenever the fact that it is for took place.
      at: new Date().toISOString(), imported: false,
    }, isUrgent)
  }

  async function stored(run: Run, entry: Entry, { state, revision: base }: Pick<Entry, 'state' | 'revision'>, facts: readonly AnyEvent[]): Promise<Accepted> {
    const { decider, request, hash } = run
    const { id, at, by, organization, commandId } = request
    const meta = { at, by, organization, commandId, ...(request.imported ? { imported: true } : {}), ...(hash ? { request: hash } : {}), ...(request.redacted?.length ? { redacted: request.redacted } : {}) }
    const trace = { $correlationId: request.correlationId, $causationId: request.causationId, ...(request.traceparent ? { traceparent: request.traceparent } : {}) }
    const events = facts.map(({ type, data }, index) => {
      const definition = decider.events.definitions[type]!
      // A fact that could not be read again must not be stored: it would close its stream.
      const checked = definition.data.parse(data)
      // A repetition of the append would be known by its ids; of a command that cannot come again there is none.
      return jsonEvent({ id: request.repeatable ? v5(String(index), commandId) : newId(), type, data: checked as never, metadata: { version: versionOf(definition), ...meta, ...trace } as never })
    }) as EventData[]
    const { revision, position } = await store.append(entry.stream, base, events)
    streams.advance(entry, decider, base, facts, meta, position)
    const after = () => facts.reduce((state, fact, index) => decider.evolve(state, fact, { ...meta, revision: base + 1 + index, position: String(position) }), state)
    return { id, revision, position, changed: true, ...await moreOf(run, after) }
  }

  async function attempt(run: Run, isFirst: boolean): Promise<Outcome> {
    const { decider, command, request, hash } = run
    const known = isFirst ? streams.known(decider, request.id) ?? (request.isNew ? streams.blank(decider, request.id) : undefined) : undefined
    let entry = known ?? await streams.refreshed(decider, request.id)
    if (command.settings) run.settings = await findSettings(request.organization, command.settings)
    for (let isSure = !known; ; isSure = true) {
      const earlier = hash ? await streams.answered(entry, request.commandId) : undefined
      if (earlier) {
        if (!isOf(earlier.request, wordOf(decider, run.name), run.said)) return new Rejection('IDEMPOTENCY_MISMATCH')
        return repeated(run, earlier)
      }
      const barrier = await barred(run)
      if (barrier) return barrier
      const before = { state: entry.state, revision: entry.revision }
      if (command.grounds) await grounded(run, before.state)
      if (command.supply) await supplied(run, before.state)
      let decision: readonly AnyEvent[] | Rejection
      let refusal: Rejection | 'again' | undefined
      do {
        decision = await decided(entry, run, command.internal || command.fresh || isSure ? 0 : advice_max_ms)
        if (entry.revision !== before.revision) throw new Conflict(entry.stream)
        refusal = leadsOn(decision) ? await secured(run, before.state) : undefined
      } while (refusal === 'again')
      if (refusal) return refusal
      if (leadsOn(decision)) return stored(run, entry, before, decision)
      // Nothing guards a refusal or a no-op, so it is given only on what the store says now.
      if (!isSure) {
        entry = await streams.refreshed(decider, request.id)
        continue
      }
      if (decision instanceof Rejection) return decision
      if (command.signal) signalled?.(run)
      return { id: request.id, revision: entry.revision, position: entry.position, changed: false, ...await moreOf(run, () => before.state) }
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

  /** What gives back goes before what takes, or nobody would get anything under load: what processes send, and what was held in vain. */
  function handle(decider: Decider, name: string, data: unknown, request: Request, isUrgent = request.by.kind === 'process'): Promise<Outcome> {
    const kept = sealedBy(sealing, decider, name, data, networks ? { ...request, networks } : request)
    const hash = request.repeatable ? fingerprintOf(wordOf(decider, name), kept.said) : undefined
    const run: Run = { decider, name, command: decider.commands[name]!, ...kept, hash, held: [], refused: [] }
    return queues.run(streamOf(decider, request.id), () => settled(run, persistently(run)), isUrgent)
  }

  return handle
}
