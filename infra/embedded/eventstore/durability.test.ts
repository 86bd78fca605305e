import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { persistentSubscriptionToStreamSettingsFromDefaults, START, STREAM_EXISTS, type PersistentSubscriptionToStreamSettings } from '@eventstore/db-client'
import t from 'tap'
import { folderFor } from '../testing.ts'
import { ANY, NO_STREAM, type ProposedEvent } from './contract.ts'
import { MemoryDisk } from './storage/memory-disk.ts'
import { openStore } from './store.ts'
import { collected, failure, happened, newStream, numbers, several, started, until } from './testing.ts'

/** A disk whose syncs wait until they are let go. */
class SlowDisk extends MemoryDisk {
  isHeld = false
  #waiting: (() => void)[] = []

  override async sync(fd: number): Promise<void> {
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return super.sync(fd)
  }

  get held(): number {
    return this.#waiting.length
  }

  release(): void {
    this.isHeld = false
    for (const go of this.#waiting.splice(0)) go()
  }
}

t.test('§3.3, §6: before its sync an append is neither acknowledged, nor repeated with success, nor shown, nor delivered; judged it is', async (t) => {
  const files = new SlowDisk()
  const { client, store } = await started(t, { files, commit_ms_max: 60_000 })
  const [stream, marker] = [newStream(), newStream()]
  const told: string[] = []
  const subscriptions = [client.subscribeToStream(stream), client.subscribeToAll({ fromPosition: START })]
  for (const subscription of subscriptions) subscription.on('data', ({ event }) => { if (event!.streamId === stream) told.push('delivered') })
  await Promise.all(subscriptions.map((subscription) => new Promise((resolve) => subscription.once('caughtUp', resolve))))

  files.isHeld = true
  const events = several(2)
  const remembered = (what: string) => () => void told.push(what)
  const original = client.appendToStream(stream, events, { expectedRevision: 'no_stream' }).then(remembered('acknowledged'))
  await until(() => files.held === 1)
  // Judged by what is not durable yet: the ids are known, the revision is taken.
  const repeated = (['no_stream', 'any', STREAM_EXISTS] as const).map((expectedRevision) => client.appendToStream(stream, events, { expectedRevision }).then(remembered('repeated')))
  const next = client.appendToStream(stream, happened(2), { expectedRevision: 1n }).then(remembered('next'))
  t.match(await failure(client.appendToStream(stream, happened(9), { expectedRevision: 'no_stream' })), { type: 'wrong-expected-version', actualVersion: 2n },
    'a refusal promises nothing, and waits for nothing')
  t.match(await failure(collected(client.readStream(stream))), { type: 'stream-not-found' }, 'no reader sees it')
  t.equal((await collected(client.readAll())).length, 1, 'nor in $all')
  t.same(told, [], 'whatever was asked behind it was answered, and this was not')

  files.release()
  await Promise.all([original, ...repeated, next])
  await until(() => told.filter((what) => what === 'delivered').length === 6)
  t.same(told.filter((what) => what !== 'delivered').toSorted(), ['acknowledged', 'next', 'repeated', 'repeated', 'repeated'])
  t.same(numbers(await collected(client.readStream(stream))), [0, 1, 2])
  t.match(await client.appendToStream(marker, happened(0)), { success: true })
  t.equal(store.stream(stream).last, 2)
  for (const subscription of subscriptions) await subscription.unsubscribe()
})

t.test('§7: a group is made, changed and deleted when that is durable, and answered then', async (t) => {
  const files = new SlowDisk()
  const { client } = await started(t, { files })
  const settings = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) => persistentSubscriptionToStreamSettingsFromDefaults(changes)
  for (const [what, change] of Object.entries({
    create: () => client.createPersistentSubscriptionToStream('order-1', 'group', settings()),
    update: () => client.updatePersistentSubscriptionToStream('order-1', 'group', settings({ maxRetryCount: 3 })),
    delete: () => client.deletePersistentSubscriptionToStream('order-1', 'group'),
  })) {
    files.isHeld = true
    let isAnswered = false
    const answer = change().then(() => { isAnswered = true })
    await until(() => files.held === 1)
    await collected(client.readAll())
    t.notOk(isAnswered, `${what}: not yet`)
    files.release()
    await answer
  }
})

const event = (id: string = randomUUID(), text = ''): ProposedEvent => ({ id, type: 'Happened', json: false, metadata: Buffer.alloc(0), data: Buffer.from(text) })

t.test('§3.3: the newest 100,000 ids are known, also after a start with the index and without it; with a revision all of them, for ever', async (t) => {
  const dir = folderFor(t, 'ids')
  let store = await openStore({ dir })
  const [oldest, newest] = [Array.from({ length: 3 }, () => event()), Array.from({ length: 2 }, () => event())]
  await store.append('kept', NO_STREAM, oldest)
  for (let n = 0; n < 110; n++) await store.append('others', ANY, Array.from({ length: 1_000 }, () => event()))
  const { position } = await store.append('kept', ANY, newest) as { readonly position: number }
  for (let n = 0; n < 99; n++) await store.append('others', ANY, Array.from({ length: 1_000 }, () => event()))
  const known = async (when: string) => {
    const count = store.count
    t.match(await store.append('kept', ANY, newest), { kind: 'written', revision: 4, position }, `row 2, ${when}`)
    t.match(await store.append('kept', ANY, [newest[0]!, event()]), { kind: 'wrong-revision', current: 4 }, `row 3, ${when}`)
    t.match(await store.append('kept', NO_STREAM, oldest), { kind: 'written', revision: 2 }, `row 8, 209,000 events later, ${when}`)
    t.match(await store.append('kept', 0, [oldest[1]!, event()]), { kind: 'wrong-revision', current: 4 }, `row 11, ${when}`)
    t.equal(store.count, count, 'nothing was written')
  }
  await known('as it was written')
  await store.close()
  store = await openStore({ dir })
  await known('after a start with the index')
  await store.close()
  rmSync(join(dir, 'index.snapshot'))
  store = await openStore({ dir })
  await known('after a start without it')
  await store.close()
})

t.test('§3.3: payloads are not compared, and an id that stands twice in one append is not noticed', async (t) => {
  const { store } = await started(t)
  const [once, twice] = [event(), event()]
  await store.append('stream', NO_STREAM, [once])
  for (const expected of [NO_STREAM, ANY]) {
    t.match(await store.append('stream', expected, [event(once.id, 'something else')]), { kind: 'written', revision: 0 }, 'the same id is the same event')
  }
  t.match(await store.append('stream', ANY, [twice, twice]), { kind: 'written', revision: 2 }, 'both are written')
  t.equal(store.stream('stream').last, 2)
  t.match(await store.append('elsewhere', ANY, [once]), { kind: 'written', revision: 0 }, 'another stream does not know it')
  t.equal(store.stream('elsewhere').last, 0)
})
