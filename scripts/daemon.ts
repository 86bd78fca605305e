import { AckPolicy, connect } from 'nats'
import { Api, Refused } from './api.ts'

// An orchestrator's daemon: follows the facts that concern it, claims, reports progress, completes. It may die at any moment: NATS gives
// it what it has not acknowledged again, claims have idempotency keys, and a stale lease token is refused.
const { BATON_URL = 'http://127.0.0.1:8080', NATS_URL = 'nats://127.0.0.1:4222', BATON_API_KEY = '', WORK_MS = '100' } = process.env
const api = new Api(BATON_URL, BATON_API_KEY)
const { organization, actor: { id } } = await api.get<{ organization: string; actor: { id: string } }>('/keys/validate')
/** A verdict is an answer: a later fact wakes the daemon again. Anything else is no answer. */
const verdict = (error: unknown) => { if (error instanceof Refused && error.isVerdict) return error.code; throw error }

async function work(because: string, position: string) {
  const key = `daemon ${because}`
  const claimed = await api.post(`/orchestrators/${id}/claim`, { minPosition: position }, { key }).catch(verdict)
  if (typeof claimed === 'string') return
  const [task, token] = [claimed.id, claimed.revision]
  await api.post(`/tasks/${task}/progress`, { token, percentage: 50, message: 'half way' }, { key: `${key} progress` }).catch(verdict)
  await new Promise((resolve) => setTimeout(resolve, Number(WORK_MS)))
  const done = await api.post(`/tasks/${task}/complete`, { token, output: { by: 'daemon' } }, { key: `${key} complete` }).catch(verdict)
  console.log(JSON.stringify({ task, completed: typeof done !== 'string' || done }))
}

const nats = await connect({ servers: NATS_URL, name: `daemon ${id}`, maxReconnectAttempts: -1 })
const manager = await nats.jetstreamManager()
const mine = `baton.${organization}.*.*.${id}.*`
await manager.consumers.add('BATON_EVENTS', { durable_name: `daemon-${id}`, filter_subject: mine, ack_policy: AckPolicy.Explicit, ack_wait: 90e9 })
const consumer = await nats.jetstream().consumers.get('BATON_EVENTS', `daemon-${id}`)
const close_ms = 4_500
process.once('SIGTERM', () => {
  void nats.drain()
  // While NATS is away it cannot drain.
  setTimeout(() => process.exit(1), close_ms).unref()
})
console.log(JSON.stringify({ following: id }))
const wakes = /(Task(Created|Unblocked|Delegated|HandedOff|Released|RetryScheduled)|LeaseExpired|SlotReleased|OrchestratorStatusChanged)$/
for await (const message of await consumer.consume({ max_messages: 10 })) {
  const { id: event, type, position, data } = message.json<{ id: string; type: string; position: string; data: { nextRetryAt?: string } }>()
  if (data.nextRetryAt) await new Promise((resolve) => setTimeout(resolve, Date.parse(data.nextRetryAt!) - Date.now()))
  try {
    if (wakes.test(type)) await work(event, position)
    await message.ackAck()
  } catch (error) {
    console.error((error as Error).message)
    message.nak(1_000)
  }
}
