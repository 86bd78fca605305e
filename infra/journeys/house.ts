import { EventStoreDBClient } from '@eventstore/db-client'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AckPolicy, connect, nanos, type ConsumerMessages } from 'nats'
import type { Test } from 'tap'
import { Api } from '../../scripts/api.ts'
import { facts } from '../../scripts/audit/log.ts'
import { verify } from '../../scripts/audit/verify.ts'
import { up } from '../../scripts/up.ts'
import { folderFor, forChildren } from '../embedded/testing.ts'

/** Loaded before a program it has its clock run ahead of the machine's. */
const preload = pathToFileURL(join(import.meta.dirname, '../embedded/ahead.ts')).href

/** All of Baton in a folder of its own, on free ports, for one test file. Where it is `timed`, its time passes as the test says, too. */
export async function house(t: Test, { timed = false } = {}) {
  const root = folderFor(t, 'journey')
  const clock = join(root, 'ahead')
  let ahead_ms = 0
  const pass = (by_ms: number) => writeFileSync(clock, String(ahead_ms += by_ms))
  pass(0)
  const ahead = timed ? { NODE_OPTIONS: `--import=${preload}`, AHEAD_FILE: clock } : {}
  const baton = await up({ root, ports: 'free', env: { ...forChildren, ...ahead, LOG_LEVEL: 'warn', WEBHOOK_NETWORKS: '127.0.0.1/32' }, log: () => undefined })
  const client = EventStoreDBClient.connectionString`${baton.urls.eventstore}`
  t.teardown(async () => {
    await client.dispose()
    await baton.stop()
  })
  const admin = new Api(baton.urls.gateway, baton.adminKey.key)

  /** What differs between read models and a replay, once they are level with the log. */
  async function differences() {
    const { models } = await until(async () => {
      const verification = await verify(client, baton.urls.database, []).catch(() => undefined)
      return verification && (await level()) ? verification : undefined
    })
    return models.flatMap(({ difference }) => difference ?? [])
  }

  async function level(): Promise<boolean> {
    const { position } = await admin.get<{ position: string }>('/position').catch(() => ({ position: '-1' }))
    return BigInt(position) >= BigInt((await log()).at(-1)?.fact.position ?? '0')
  }

  async function log() {
    const entries = []
    for await (const entry of facts(client)) entries.push(entry)
    return entries
  }

  /** Ids of all announcements, in their order. */
  const announced = async (): Promise<string[]> => (await announcements()).map((text) => JSON.parse(text).id)

  /** All announcements as they are told, in their order. */
  async function announcements(): Promise<string[]> {
    const connection = await connect({ servers: baton.urls.nats, timeout: 2_000 })
    try {
      const consumer = await connection.jetstream().consumers.get('BATON_EVENTS')
      const { num_pending } = await consumer.info()
      const texts: string[] = []
      for await (const message of await consumer.fetch({ max_messages: Math.max(1, num_pending), expires: 3_000 })) texts.push(message.string())
      return texts
    } finally {
      await connection.close()
    }
  }

  return { root, baton, client, admin, pass, clock: ahead, differences, log, announced, announcements }
}

/** Follows all announcements with a durable consumer until the test ends; the ids it has seen, which grow. */
export async function watch(t: Test, servers: string): Promise<ReadonlySet<string>> {
  const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 200 })
  let messages: ConsumerMessages | undefined
  t.teardown(async () => {
    await messages?.close()
    await connection.close()
  })
  const manager = await connection.jetstreamManager()
  const asked = { durable_name: 'watch', ack_policy: AckPolicy.Explicit, ack_wait: nanos(2_000) }
  // The stream is made by the first announcer, soon after the start.
  await until(() => manager.consumers.add('BATON_EVENTS', asked).catch(() => undefined))
  messages = await (await connection.jetstream().consumers.get('BATON_EVENTS', 'watch')).consume({ max_messages: 100, expires: 2_000 })
  const seen = new Set<string>()
  void (async () => {
    for await (const message of messages!) {
      seen.add(message.json<{ id: string }>().id)
      message.ack()
    }
  })()
  return seen
}

/** Waits until it is so, at most half a minute. */
export async function until<T>(probe: () => Promise<T | undefined | false | null>): Promise<T> {
  const deadline_ms = performance.now() + 30_000
  while (performance.now() < deadline_ms) {
    const found = await probe()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not become so within half a minute')
}
