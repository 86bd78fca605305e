import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { EventStoreDBClient, jsonEvent, persistentSubscriptionToAllSettingsFromDefaults, START, streamNameFilter, type Position } from '@eventstore/db-client'
import t from 'tap'
import { folderFor, sized } from '../testing.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const dir = folderFor(t, 'crash')
const children = new Set<ChildProcess>()
t.teardown(async () => {
  await Promise.all([...children].map(killed))
})

async function running(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [main, '--dir', dir, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /esdb:\S+/.exec(line)?.[0]
    if (url) return { child, url }
  }
  throw new Error('the server ended before it was ready')
}

async function killed(child: ChildProcess): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const rounds = sized(6, 20)
const writers = 32
const streams = 50
let state = 7
const random = (below: number) => Math.floor(((state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31) * below)

type Written = { append: string; part: number; parts: number }

/** Every append says how many events it has, so that half an append would be seen. */
function batch(append: string) {
  const parts = 1 + random(4)
  return Array.from({ length: parts }, (_, part) => jsonEvent<{ type: string; data: Written }>({ type: 'Written', data: { append, part, parts } }))
}

t.test(`§10.4: ${rounds} times killed under ${writers} writers: nothing acknowledged is missing, no gap, no half append, and a group misses no event`, async (t) => {
  const acknowledged = new Set<string>()
  const found = new Map<string, number>()
  const revisions = new Map<string, bigint>()
  const stored = new Set<string>()
  const consumed = new Set<string>()

  /** Consumes for as long as the server lives; a checkpoint that ran ahead of an answer would leave events out for ever. */
  function consume(client: EventStoreDBClient) {
    const subscription = client.subscribeToPersistentSubscriptionToAll('group', { bufferSize: 50 })
    subscription.on('data', (event) => {
      // Remembered first: what is answered and forgotten would be a loss that nobody sees.
      consumed.add(event.event!.id)
      subscription.ack(event).catch(() => undefined)
    })
    subscription.on('error', () => undefined)
  }
  let [from, count] = [undefined as Position | undefined, 0]

  /** Reads on from where the last round stopped; what that round saw must still be there. */
  async function audit(client: EventStoreDBClient) {
    const faults: string[] = []
    let isFirst = from !== undefined
    let open: Written | undefined
    for await (const { event } of client.readAll({ fromPosition: from ?? START })) {
      const { position } = event!
      if (isFirst && position!.commit !== from!.commit) faults.push(`what stood at ${from!.commit} is gone`)
      if (!isFirst && event!.type === 'Written') {
        const { append, part, parts } = event!.data as unknown as Written
        const expected = revisions.get(event!.streamId) ?? -1n
        if (event!.revision !== expected + 1n) faults.push(`${event!.streamId}: ${event!.revision} follows ${expected}`)
        revisions.set(event!.streamId, event!.revision)
        stored.add(event!.id)
        if (part !== (open?.append === append ? open.part + 1 : 0)) faults.push(`${append}: part ${part} stands alone`)
        open = part + 1 < parts ? { append, part, parts } : undefined
        if (part + 1 === parts) found.set(append, parts)
      }
      isFirst = false
      from = position
      count++
    }
    if (open) faults.push(`${open.append} is half there`)
    return faults
  }

  for (let round = 0; round < rounds; round++) {
    const { child, url } = await running()
    const client = EventStoreDBClient.connectionString(`${url}&throwOnAppendFailure=true`)
    t.same(await audit(client), [], `round ${round}: the log is whole`)
    t.same([...acknowledged].filter((append) => !found.has(append)), [], `round ${round}: of ${acknowledged.size} acknowledged appends none is missing`)
    if (round === 0) {
      await client.createPersistentSubscriptionToAll('group',
        persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START, checkPointAfter: 0, checkPointUpperBound: 50 }), { filter: streamNameFilter({ prefixes: ['crash-'] }) })
    }
    consume(client)
    let isOver = false
    const writing = Array.from({ length: writers }, async (_, writer) => {
      for (let nth = 0; !isOver; nth++) {
        const append = `${round}-${writer}-${nth}`
        try {
          await client.appendToStream(`crash-${random(streams)}`, batch(append))
          acknowledged.add(append)
        } catch {
          return
        }
      }
    })
    const wanted = acknowledged.size + 30 + random(250)
    while (acknowledged.size < wanted) await new Promise((resolve) => setImmediate(resolve))
    await killed(child)
    isOver = true
    await Promise.all(writing)
    await client.dispose()
  }
  const { child, url } = await running()
  const client = EventStoreDBClient.connectionString(url)
  t.same(await audit(client), [])
  t.same([...acknowledged].filter((append) => !found.has(append)), [])
  consume(client)
  const left = () => [...stored].filter((id) => !consumed.has(id)).length
  for (const end = performance.now() + 20_000; left() > 0 && performance.now() < end;) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(left(), 0, 'the group was given every event at least once')
  t.comment(`${acknowledged.size} appends acknowledged, ${found.size} found, ${count} events`)
  await client.dispose()
  await killed(child)
})
