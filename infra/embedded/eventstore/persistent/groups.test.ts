import { mock } from 'node:test'
import t from 'tap'
import { folderFor } from '../../testing.ts'
import { ANY } from '../contract.ts'
import { startServer } from '../server.ts'
import { openStore } from '../store.ts'
import { proposed } from '../tools/testing.ts'
import { readRecord } from '../wire/recorded-event.ts'
import { Groups } from './groups.ts'
import type { Settings } from './settings.ts'

const settings: Settings = {
  resolvesLinks: false, extraStatistics: false, start: 'start', messageTimeout_ms: 30_000, retries_max: 10, checkpointAfter_ms: 2_000,
  checkpointCount_min: 10, checkpointCount_max: 1_000, subscribers_max: 0, liveBufferSize: 500, readBatchSize: 20, historyBufferSize: 500, strategy: 'RoundRobin',
}
const configStream = '$persistentSubscriptionConfig'

t.test('§7: a restart begins with what the log says of the groups', async (t) => {
  const store = await openStore({ dir: folderFor(t, 'restart') })
  const groups = new Groups(store)
  t.teardown(async () => {
    groups.stop()
    await store.close()
  })
  const wish = (group: string) => ({ source: 'orders', group, settings, isNamed: true, filter: undefined, preparePosition: undefined })
  await groups.create(wish('billing'))
  const [record] = await store.records([store.stream(configStream).ordinalOf(0)])
  await groups.create(wish('shipping'))
  const dropped: string[] = []
  groups.find({ source: 'orders', group: 'shipping' })
    .join({ from: 'here', name: 'test', isBusy: false, send: () => undefined, drop: (error) => dropped.push(error.message) }, 10)
  await store.append(configStream, ANY, [proposed(readRecord(record!).data.toString())])
  await groups.restart()
  t.same(groups.of(undefined).map(({ config }) => config.group), ['billing'])
  t.match(dropped, [/shipping.*dropped/])
})

t.test('§7: timeouts and checkpoints are looked at once a second, when nothing else is said', async (t) => {
  const store = await openStore({ dir: folderFor(t, 'ticks') })
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(async () => {
    mock.timers.reset()
    await store.close()
  })
  const groups = new Groups(store)
  let ticks = 0
  groups.tick = () => void ticks++
  const seen = [999, 1, 999, 1].map((ms) => {
    mock.timers.tick(ms)
    return ticks
  })
  t.same(seen, [0, 1, 1, 2])
  groups.stop()
  mock.timers.tick(5_000)
  t.equal(ticks, 2, 'and no more once they are stopped')
})

t.test('§7: whatever is written to the stream of the groups, the server starts with those that were there, and says so', async (t) => {
  const dir = folderFor(t, 'groups')
  const store = await openStore({ dir })
  const groups = new Groups(store)
  await groups.create({ source: 'orders', group: 'billing', settings, isNamed: true, filter: undefined, preparePosition: undefined })
  groups.stop()
  for (const garbage of ['no json', '{}', 'null', '{"entries":7}', '{"entries":[null]}', '{"entries":[{"stream":"a","group":"b"}]}']) {
    await store.append(configStream, ANY, [proposed(garbage)])
    const warnings: string[] = []
    const server = await startServer({ store, port: 0, onWarning: (sentence) => warnings.push(sentence) })
    await server.stop()
    t.match(warnings[0], /does not say which persistent subscriptions there are/, garbage)
  }
  const again = new Groups(store)
  await again.load()
  t.match(again.of(undefined).map(({ config }) => config.group), ['billing'])
  again.stop()
  await store.close()
})
