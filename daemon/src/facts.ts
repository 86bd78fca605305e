import { setTimeout as pause } from 'node:timers/promises'
import { AckPolicy, connect, DeliverPolicy, type ConsumerMessages } from 'nats'
import type { Api } from './api.ts'
import type { Identity } from './identity.ts'
import type { Times } from './times.ts'

/** A fact that concerns the orchestrator, as far as a daemon needs to know it. */
export interface Heard {
  readonly event: string
  readonly type: string
  /** Of the stream that it is of. */
  readonly id: string
  readonly position: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface Announcements {
  /** Since when NATS has not been reached, by the monotonic clock; undefined while it is. */
  readonly awaySince_ms: () => number | undefined
  readonly close: () => Promise<void>
}

/** Follows announcements by a durable consumer, as long as the signal lets it; whatever NATS is away for, it goes on behind that. */
export async function announcements(natsUrl: string, { organization, orchestrator, daemon }: Identity, heard: (fact: Heard) => void, signal: AbortSignal): Promise<Announcements> {
  const nats = await connect({ servers: natsUrl, name: `daemon ${daemon}`, maxReconnectAttempts: -1, reconnectTimeWait: 500, waitOnFirstConnect: true })
  let messages: ConsumerMessages | undefined
  signal.addEventListener('abort', () => {
    // Its watch over the silence of the server would outlive the connection.
    messages?.stop()
    void nats.close()
  }, { once: true })
  let awaySince_ms: number | undefined
  void (async () => {
    for await (const { type } of nats.status()) {
      if (type === 'disconnect') awaySince_ms ??= performance.now()
      else if (type === 'reconnect') awaySince_ms = undefined
    }
  })()
  void (async () => {
    while (!signal.aborted && !nats.isClosed()) {
      try {
        const manager = await nats.jetstreamManager()
        const durable = `daemon-${daemon}`
        await manager.consumers.add('BATON_EVENTS', {
          durable_name: durable, filter_subject: `baton.${organization}.*.*.${orchestrator}.*`, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.New, ack_wait: 30e9,
        })
        const consumer = await nats.jetstream().consumers.get('BATON_EVENTS', durable)
        messages = await consumer.consume({ max_messages: 100 })
        for await (const message of messages) {
          const { id: event, type, position, subject, data } = message.json<Record<string, any>>()
          heard({ event, type: String(type).replace(/^baton\./, ''), id: String(subject).slice(String(subject).indexOf('-') + 1), position, data })
          message.ack()
        }
      } catch {
        // The stream is not there yet, or NATS is away: it is looked for again.
      }
      await pause(500, undefined, { signal }).catch(() => undefined)
    }
  })()
  return { awaySince_ms: () => awaySince_ms, close: () => nats.close() }
}

/** Asks for what happened instead: often while programs run, seldom while none does. */
export async function asked(api: Api, { daemon, position }: Identity, times: Times, isBusy: () => boolean, heard: (fact: Heard) => void, signal: AbortSignal): Promise<void> {
  let after = position
  while (!signal.aborted) {
    await pause(isBusy() ? times.ask_ms : Math.min(times.look_ms, 2 * times.ask_ms), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    try {
      const answer = await api.once('GET', `/daemons/${daemon}/events?after=${after}`, undefined, {}, signal)
      for (const { stream, type, revision, log_position } of (answer as { events?: readonly Record<string, any>[] }).events ?? []) {
        after = log_position
        heard({ event: `${stream}@${revision}`, type, id: String(stream).slice(String(stream).indexOf('-') + 1), position: log_position, data: {} })
      }
    } catch {
      // It is asked again.
    }
  }
}
