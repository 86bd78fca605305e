import { randomUUID } from 'node:crypto'
import { ANY, BACKWARDS, END, FORWARDS, NO_STREAM, START, STREAM_EXISTS, type AppendExpectedRevision, type ResolvedEvent } from '@eventstore/db-client'
import t from 'tap'
import { folderFor, sized } from '../testing.ts'
import { collected, happened, opened } from './testing.ts'

/**
 * The law behind all single rules: whatever is done in whatever order, the store says what a page of plain code says, which knows no
 * frames, indexes or messages. The rules stand in §3.3 to §5 of the contract.
 */

const deleted = Symbol('$tb of a soft-deleted stream')

interface Metadata { readonly maxCount?: number; readonly truncateBefore?: number | typeof deleted }

interface Stream {
  readonly ids: string[]
  readonly metadata: Metadata[]
  isTombstoned: boolean
}

type Outcome = { readonly revision: number } | { readonly fails: 'stream-deleted' | 'wrong-expected-version' | 'stream-not-found'; readonly actual?: number }

class Model {
  readonly streams = new Map<string, Stream>()
  /** Everything ever written, as `$all` shows it. */
  readonly log: string[] = []

  of(name: string): Stream {
    const stream = this.streams.get(name) ?? { ids: [], metadata: [], isTombstoned: false }
    this.streams.set(name, stream)
    return stream
  }

  #isSoftDeleted = ({ metadata }: Stream) => metadata.at(-1)?.truncateBefore === deleted

  #judge(stream: Stream, expected: AppendExpectedRevision, ids: readonly string[]): 'append' | Outcome {
    const current = stream.ids.length - 1
    const wrong: Outcome = { fails: 'wrong-expected-version', actual: current }
    if (stream.isTombstoned) return { fails: 'stream-deleted' }
    if (expected === STREAM_EXISTS && this.#isSoftDeleted(stream)) return { fails: 'stream-deleted' }
    if (expected === STREAM_EXISTS && current < 0 && stream.metadata.length === 0) return wrong
    if (expected === ANY || expected === STREAM_EXISTS) {
      if (!stream.ids.includes(ids[0]!)) return 'append'
      return ids.every((id) => stream.ids.includes(id)) ? { revision: stream.ids.lastIndexOf(ids.at(-1)!) } : wrong
    }
    const after = expected === NO_STREAM ? -1 : Number(expected)
    if (after === current) return 'append'
    if (after > current) return wrong
    if (ids.every((id, nth) => stream.ids[after + 1 + nth] === id)) return { revision: after + ids.length }
    return expected === NO_STREAM && this.#isSoftDeleted(stream) && stream.ids[0] !== ids[0] ? 'append' : wrong
  }

  #writeMetadata(name: string, metadata: Metadata) {
    const stream = this.of(name)
    stream.metadata.push(metadata)
    this.log.push(`$$${name} ${stream.metadata.length - 1}`)
  }

  append(name: string, expected: AppendExpectedRevision, ids: readonly string[]): Outcome {
    const stream = this.of(name)
    const outcome = this.#judge(stream, expected, ids)
    if (outcome !== 'append') return outcome
    const first = stream.ids.length
    for (const id of ids) this.log.push(`${name} ${stream.ids.push(id) - 1}`)
    if (this.#isSoftDeleted(stream)) this.#writeMetadata(name, { truncateBefore: first })
    return { revision: stream.ids.length - 1 }
  }

  delete(name: string, expected: AppendExpectedRevision): Outcome {
    const stream = this.of(name)
    if (stream.ids.length === 0 && stream.metadata.length === 0 && !stream.isTombstoned) return { fails: 'wrong-expected-version', actual: -1 }
    const outcome = this.#judge(stream, expected, ['fresh'])
    if (outcome !== 'append') return outcome
    this.#writeMetadata(name, { truncateBefore: deleted })
    return { revision: 0 }
  }

  tombstone(name: string, expected: AppendExpectedRevision): Outcome {
    const stream = this.of(name)
    const outcome = this.#judge(stream, expected, ['fresh'])
    if (outcome !== 'append') return outcome
    stream.isTombstoned = true
    this.log.push(`${name} 9223372036854775807`)
    return { revision: 0 }
  }

  setMetadata(name: string, metadata: Metadata): Outcome {
    const stream = this.of(name)
    if (stream.isTombstoned) return { fails: 'stream-deleted' }
    const wasDeleted = this.#isSoftDeleted(stream)
    this.#writeMetadata(name, metadata)
    const { length } = stream.metadata
    if (wasDeleted) this.#writeMetadata(name, { ...metadata, truncateBefore: stream.ids.length })
    return { revision: length - 1 }
  }

  read(name: string, from: number | 'start' | 'end', isBackwards: boolean, count: number): readonly number[] | Outcome {
    const stream = this.of(name)
    if (stream.isTombstoned) return { fails: 'stream-deleted' }
    if (stream.ids.length === 0 || this.#isSoftDeleted(stream)) return { fails: 'stream-not-found' }
    const last = stream.ids.length - 1
    const { maxCount, truncateBefore } = stream.metadata.at(-1) ?? {}
    const lower = Math.max(0, maxCount === undefined ? 0 : last - maxCount + 1, Number(typeof truncateBefore === 'number' ? truncateBefore : 0))
    const shown = stream.ids.map((_, revision) => revision).filter((revision) => revision >= lower)
    const start = from === 'start' ? 0 : from === 'end' ? (isBackwards ? last : Infinity) : from
    return (isBackwards ? shown.filter((revision) => revision <= start).toReversed() : shown.filter((revision) => revision >= start)).slice(0, count)
  }
}

function randomness(seed: number) {
  let state = seed
  const below = (limit: number) => Math.floor(((state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31) * limit)
  return { below, one: <T>(values: readonly T[]): T => values[below(values.length)]! }
}

interface Refused { readonly type: string; readonly actualVersion?: bigint | string; readonly _raw?: unknown }

const told = (work: Promise<{ readonly nextExpectedRevision?: bigint }>): Promise<Outcome> => work.then(
  ({ nextExpectedRevision = 0n }) => ({ revision: Number(nextExpectedRevision) }),
  ({ type, actualVersion }: Refused) => (type === 'wrong-expected-version'
    ? { fails: type, actual: actualVersion === NO_STREAM ? -1 : Number(actualVersion) }
    : { fails: type as 'stream-deleted' }))

const dir = folderFor(t, 'model')

let { client, close } = await opened(dir)
t.teardown(() => close())

const names = ['a', 'b', 'c', 'd'] as const
const runs = sized(10, 25)
const steps = 60

async function readBack(model: Model, stream: string, random: ReturnType<typeof randomness>) {
  const isBackwards = random.below(2) === 0
  const from = random.one(['start', 'end', random.below(12)] as const)
  const count = random.one([1, 3, 1_000])
  const fromRevision = from === 'start' ? START : from === 'end' ? END : BigInt(from)
  const seen = await collected(client.readStream(stream, { direction: isBackwards ? BACKWARDS : FORWARDS, fromRevision, maxCount: count }))
    .then((events) => events.map(({ event }) => Number(event!.revision)), ({ type }: Refused) => ({ fails: type }))
  return { what: `read ${stream} ${from} ${isBackwards} ${count}`, seen, expected: model.read(stream, from, isBackwards, count) }
}

async function step(model: Model, prefix: string, random: ReturnType<typeof randomness>) {
  const stream = `${prefix}-${random.one(names)}`
  const known = model.of(stream).ids
  const current = known.length - 1
  const revisions = [NO_STREAM, BigInt(Math.max(0, current)), BigInt(random.below(current + 3))] as const
  const action = random.below(100)
  if (action < 50) {
    const fresh = Array.from({ length: 1 + random.below(3) }, () => randomUUID() as string)
    const from = random.below(known.length + 1)
    const repeated = known.slice(from, from + 1 + random.below(3))
    const ids = repeated.length > 0 && random.below(3) === 0 ? [...repeated, ...random.below(3) === 0 ? fresh.slice(0, 1) : []] : fresh
    const expected: AppendExpectedRevision = random.one([ANY, ANY, STREAM_EXISTS, ...revisions])
    // The exact revision does not look at ids; an id that stands twice in a stream would make `any` ambiguous.
    if (ids !== fresh && typeof expected === 'bigint' && Number(expected) === current) return undefined
    const options = random.below(2) === 0 ? { credentials: { username: 'admin', password: 'changeit' } } : {}
    const seen = await told(client.appendToStream(stream, ids.map((id) => happened(0, 'Happened', id)), { expectedRevision: expected, ...options }))
    return { what: `append ${stream} ${expected} [${ids.map((id) => known.indexOf(id))}] to ${current}`, seen, expected: model.append(stream, expected, ids) }
  }
  const expected = random.one([ANY, ANY, revisions[1], revisions[2]] as const)
  if (action < 58) return { what: `delete ${stream} ${expected}`, seen: await told(client.deleteStream(stream, { expectedRevision: expected }).then(() => ({}))), expected: model.delete(stream, expected) }
  if (action < 60) return { what: `tombstone ${stream} ${expected}`, seen: await told(client.tombstoneStream(stream, { expectedRevision: expected }).then(() => ({}))), expected: model.tombstone(stream, expected) }
  if (action < 70) {
    const metadata = random.one([{}, { maxCount: 1 + random.below(4) }, { truncateBefore: random.below(8) }])
    return { what: `metadata of ${stream} ${JSON.stringify(metadata)}`, seen: await told(client.setStreamMetadata(stream, metadata)), expected: model.setMetadata(stream, metadata) }
  }
  return readBack(model, stream, random)
}

const place = ({ event }: ResolvedEvent) => `${event!.streamId} ${event!.revision}`

t.test(`§3.3, §3.4, §4, §5: ${runs} histories of ${steps} random steps: the store says what the model says, also after a restart`, async (t) => {
  const models: { readonly prefix: string; readonly model: Model }[] = []
  for (let run = 0; run < runs; run++) {
    const [model, prefix, random] = [new Model(), `model${run}x`, randomness(run + 1)]
    models.push({ prefix, model })
    for (let nth = 0; nth < steps; nth++) {
      const answer = await step(model, prefix, random)
      if (answer && !t.same(answer.seen, answer.expected, `history ${run}, step ${nth}: ${answer.what}`)) return
    }
  }
  for (const when of ['before', 'after']) {
    const all = (await collected(client.readAll())).map(place)
    for (const { prefix, model } of models) {
      t.same(all.filter((each) => each.replace('$$', '').startsWith(`${prefix}-`)), model.log, `${prefix}: the log ${when} a restart`)
      const random = randomness(99)
      for (const name of names) {
        const { what, seen, expected } = await readBack(model, `${prefix}-${name}`, random)
        t.same(seen, expected, `${prefix}: ${what} ${when} a restart`)
      }
    }
    if (when === 'after') break
    await close()
    ;({ client, close } = await opened(dir))
  }
})
