import { Api, Refused } from '../../scripts/api.ts'
import type { Acknowledged } from './scan.ts'

/** An orchestrator whose tasks daemons work on, and whoever wants them done: what was acknowledged is remembered. */
export async function customer(url: string, adminKey: string, maxConcurrentTasks: number) {
  const admin = new Api(url, adminKey, { tries_max: 400, pause_max_ms: 500 })
  const { id } = await admin.post('/orchestrators', { name: 'Chaos', maxConcurrentTasks }, { key: 'chaos' })
  await admin.post(`/orchestrators/${id}/activate`, {}, { key: 'chaos activate' })
  const { secret } = await admin.post(`/orchestrators/${id}/keys`)
  const acknowledged: Acknowledged[] = []
  let made = 0

  /** Wants one more task; asks again under the same key until it is answered. */
  async function want(): Promise<string> {
    const key = `chaos task ${made++}`
    const answer = await admin.post('/tasks', { owner: id, title: key, maxRetries: 10 }, { key })
    acknowledged.push({ type: 'TaskCreated', id: answer.id, revision: answer.revision })
    return answer.id
  }

  /** Lets what has given up be tried again. */
  async function encourage() {
    const { items } = await admin.get<{ items: readonly { task: string }[] }>('/tasks?status=BLOCKED&limit=200').catch(() => ({ items: [] }))
    for (const { task } of items) await admin.post(`/tasks/${task}/retry`).catch((error: unknown) => { if (!(error instanceof Refused)) throw error })
  }
  const left = async () => {
    const { items } = await admin.get<{ items: readonly object[] }>('/tasks?status=TODO&status=IN_PROGRESS&status=BLOCKED&limit=200').catch(() => ({ items: [{}] }))
    return items.length
  }
  return { orchestrator: id, key: secret!, acknowledged, want, encourage, left }
}
