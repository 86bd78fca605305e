import { FORWARDS, START, streamNameFilter, type AllStreamRecordedEvent, type EventStoreDBClient } from '@eventstore/db-client'
import { heard } from 'shared-service/heard.ts'
import { sql, type Kysely } from 'kysely'
import type { FastifyBaseLogger } from 'fastify'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import type { Forget } from 'shared-domain/kernel/intent.ts'
import type { Process } from 'shared-domain/kernel/process.ts'
import type { Recorded } from 'shared-domain/kernel/fact.ts'
import { definitionsOf, factOf, provenanceOf, type Entry } from 'shared-domain/kernel/stored.ts'
import { v5 } from 'uuid'
import type { Errand } from './intents.ts'
import { pause } from 'shared-service/pause.ts'
import type { Timer, Timers, Withdrawn } from './timers.ts'

interface Position { readonly commit: bigint; readonly prepare: bigint }

/** How many facts may have intents under way; their order per target stream is kept. */
const window_max = 256
const save_every_ms = 250
/** How many facts that could not be read are tried again. */
const again_max = 1_000

interface Parts {
  readonly client: EventStoreDBClient
  readonly db: Kysely<any>
  readonly deciders: readonly Decider[]
  readonly processes: readonly Process[]
  readonly timers: Timers
  readonly carryOut: (errand: Errand, signal: AbortSignal) => Promise<void>
  readonly log: FastifyBaseLogger
}

/**
 * Follows the log and does what the processes say. Intents for one stream are carried out in log order, those for different streams
 * side by side. The checkpoint is the last fact before which everything is done, so a restart repeats some facts and loses none.
 */
export async function runProcesses({ client, db, deciders, processes, timers, carryOut, log }: Parts, signal: AbortSignal): Promise<void> {
  const definitions = definitionsOf(deciders)
  const checkpoints = await loaded(db, processes)
  const from = lowest([...checkpoints.values()])
  const under = new UnderWay()
  const subscription = client.subscribeToAll({
    fromPosition: from ?? START,
    filter: streamNameFilter({
      prefixes: deciders.map(({ category }) => `${category}-`), checkpointInterval: 32,
      // Through the same queue as the facts, or it would overtake those that still wait there.
      checkpointReached: (subscription, { commit }) => void subscription.push({ commitPosition: commit }),
    }),
  })
  // The client emits errors without ending its stream: one that nobody reads yet, or any more, would end this process.
  subscription.on('error', (error) => subscription.destroy(error))
  const stop = () => {
    under.release()
    void subscription.unsubscribe().catch(() => undefined)
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()

  const tails = new Map<string, Promise<void>>()
  const said = new Map<string, Timer | Withdrawn>()

  async function save() {
    const done = under.done()
    const changes = [...said.values()]
    said.clear()
    if (!done && changes.length === 0) return
    await db.transaction().execute(async (trx) => {
      await timers.change(changes.filter(isTimer), changes.filter((change) => !isTimer(change)), trx)
      if (!done) return
      await sql`insert into process_checkpoint (name, commit, prepare)
        select name, ${String(done.commit)}::bigint, ${String(done.prepare)}::bigint from unnest(${processes.map(({ name }) => name)}::text[]) as name
        on conflict (name) do update set commit = excluded.commit, prepare = excluded.prepare, updated_at = now()
        where process_checkpoint.commit < excluded.commit`.execute(trx)
    })
  }

  /** What is set after it stays. */
  function forgotten({ forget: key, isPrefix }: Forget, position: bigint) {
    if (isPrefix) for (const one of said.keys()) if (one.startsWith(key)) said.delete(one)
    said.set(key, { key, position, ...(isPrefix ? { isPrefix } : {}) })
  }

  /** In order for one target, side by side for others. */
  function inTurn(stream: string, errand: Errand, failed: (error: unknown) => void): Promise<void> {
    const mine = (tails.get(stream) ?? Promise.resolve()).then(() => carryOut(errand, signal)).catch((error: unknown) => {
      // At shutdown the fact stays before the checkpoint and comes again.
      if (signal.aborted) throw error
      return failed(error)
    })
    const settled = mine.catch(() => undefined).then(() => { if (tails.get(stream) === settled) tails.delete(stream) })
    tails.set(stream, settled)
    return mine
  }

  const entryOf = (event: AllStreamRecordedEvent): Entry => ({ fact: factOf(event, definitions), provenance: provenanceOf(event) })

  function react({ fact: event, provenance: { eventId, correlationId } }: Entry, isAgain = false): Promise<unknown> {
    const jobs: Promise<void>[] = []
    for (const { name, react } of processes) {
      const known = checkpoints.get(name)
      if (!isAgain && known && known.commit >= BigInt(event.position)) continue
      const reaction = react[event.type]?.(event) ?? []
      for (const [index, wish] of reaction.entries()) {
        if ('forget' in wish) {
          forgotten(wish, BigInt(event.position))
          continue
        }
        const errand: Errand = {
          intent: wish, process: name, commandId: v5(`${name} ${index}`, eventId), organization: event.organization, correlationId: correlationId ?? eventId,
          causationId: eventId, ...(event.imported ? { importedAt: event.at } : {}),
        }
        if (wish.due !== undefined) {
          // Time passed already in a log that is taken over; whatever ended there is a fact of its own.
          if (!event.imported) said.set(wish.key!, { key: wish.key!, due: wish.due, position: BigInt(event.position), errand })
        } else {
          jobs.push(inTurn(`${wish.category}-${wish.id}`, errand, (error) => postponed(errand, event, error)))
        }
      }
    }
    return jobs.length === 0 ? Promise.resolve() : Promise.all(jobs)
  }

  /** What cannot be done now holds nothing up: it becomes a timer, which tries until it can. Both are stored with the checkpoint that passes them. */
  function postponed(errand: Errand, event: Recorded, error: unknown) {
    log.error({ err: error, process: errand.process, stream: `${event.category}-${event.id}` }, 'an intent is put off')
    const key = `again ${errand.commandId}`
    said.set(key, { key, due: new Date().toISOString(), position: BigInt(event.position), errand })
  }

  /** A fact that cannot be read, perhaps because a newer version wrote it, is kept for the next one who leads. */
  async function unread({ position, streamId, type }: AllStreamRecordedEvent, error: unknown) {
    log.error({ err: error, stream: streamId, type, position: String(position.commit) }, 'a fact cannot be read; it is tried again at the next start')
    await sql`insert into unread_fact (commit, stream, type, error) values (${String(position.commit)}::bigint, ${streamId}, ${type}, ${String(error)})
      on conflict (commit) do update set error = excluded.error`.execute(db)
  }

  async function readAgain() {
    const rows = await db.selectFrom('unread_fact').select('commit').orderBy('commit').limit(again_max).execute()
    for (const { commit } of rows) {
      const fromPosition = { commit: BigInt(commit), prepare: BigInt(commit) }
      for await (const { event } of heard(client.readAll({ direction: FORWARDS, fromPosition, maxCount: 1 }))) {
        try {
          if (event?.position.commit === fromPosition.commit) await react(entryOf(event), true)
          await db.deleteFrom('unread_fact').where('commit', '=', commit).execute()
        } catch (error) {
          log.warn({ err: error, position: commit }, 'a fact still cannot be read')
        }
      }
    }
  }

  const saving = (async () => {
    while (!signal.aborted) {
      await pause(save_every_ms, signal)
      await save()
    }
  })()
  let failure: unknown
  // A save that fails ends the run; it starts again from what is stored.
  saving.catch((error: unknown) => {
    failure = error
    stop()
  })

  try {
    await readAgain()
    for await (const { event, commitPosition } of subscription) {
      if (!event) {
        if (commitPosition !== undefined) under.noted({ commit: commitPosition, prepare: commitPosition })
        continue
      }
      const ticket = await under.begin(event.position)
      try {
        react(entryOf(event)).then(() => under.end(ticket), () => undefined)
      } catch (error) {
        await unread(event, error)
        under.end(ticket)
      }
    }
    if (!signal.aborted) throw failure ?? new Error('the event store has ended the subscription')
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
  await saving
  await Promise.allSettled(tails.values())
  await save()
}

/** Facts that could not be read, and wait for a version that can. */
export async function unreadFacts(db: Kysely<any>): Promise<number> {
  const { count } = await db.selectFrom('unread_fact').select((row) => row.fn.countAll<string>().as('count')).executeTakeFirstOrThrow()
  return Number(count)
}

async function loaded(db: Kysely<any>, processes: readonly Process[]): Promise<Map<string, Position | undefined>> {
  const rows = await db.selectFrom('process_checkpoint').selectAll().execute()
  return new Map(processes.map(({ name }) => {
    const row = rows.find((row) => row.name === name)
    return [name, row ? { commit: BigInt(row.commit), prepare: BigInt(row.prepare) } : undefined]
  }))
}

/** Where to begin so that nobody misses anything; undefined is the start of the log. */
const lowest = (positions: readonly (Position | undefined)[]): Position | undefined =>
  positions.reduce((a, b) => (a && b && a.commit < b.commit ? a : a && b), positions[0])

const isTimer = (change: Timer | Withdrawn): change is Timer => 'errand' in change

interface Ticket { readonly position: Position; isDone: boolean }

/** Which facts are being dealt with, in log order; so many at once and no more. */
class UnderWay {
  #tickets: Ticket[] = []
  #done: Position | undefined
  #room: () => void = () => undefined
  #isReleased = false

  async begin(position: Position): Promise<Ticket> {
    while (this.#tickets.length >= window_max && !this.#isReleased) await new Promise<void>((resolve) => { this.#room = resolve })
    const ticket = { position, isDone: false }
    this.#tickets.push(ticket)
    return ticket
  }

  end(ticket: Ticket) {
    ticket.isDone = true
    while (this.#tickets[0]?.isDone) this.#done = this.#tickets.shift()!.position
    this.#room()
  }

  /** Nobody waits for room any more: the end has come. */
  release() {
    this.#isReleased = true
    this.#room()
  }

  /** The store says that nothing of interest stands before this position. */
  noted(position: Position) {
    if (this.#tickets.length === 0) this.#done = position
  }

  /** The last position before which everything is done, once. */
  done(): Position | undefined {
    const done = this.#done
    this.#done = undefined
    return done
  }
}
