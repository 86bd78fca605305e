import type { Answer, Api } from './api.ts'
import { until } from './until.ts'

const away_ms = 3_000
const lamps = 4
const minute_ms = 60_000

interface Shown { readonly type: string; readonly at: string }

const clock = (at: string) => at.slice(11, 19)

/** HH:MM so many minutes from now, as clocks of UTC show it. */
const wall = (minutes: number) => new Date(Date.now() + minutes * minute_ms).toISOString().slice(11, 16)

/** An orchestrator that is away, whose work waits for it, and a batch that runs at night, through the public API: what came of both. */
export async function night(admin: Api): Promise<{ readonly lines: readonly string[]; readonly position: bigint }> {
  const watch = new Watch(admin)
  const lines = ['Night Watch, away for a while, and what is to be done at night:', ...await watch.away(), ...await watch.batch()]
  return { lines, position: watch.position }
}

class Watch {
  readonly #admin: Api
  #id = ''
  position = 0n

  constructor(admin: Api) {
    this.#admin = admin
  }

  async #say(path: string, body: object = {}): Promise<Answer & Readonly<Record<string, any>>> {
    return this.#heard(await this.#admin.post(path, body))
  }

  #heard<A extends Answer>(answer: A): A {
    if (BigInt(answer.position) > this.position) this.position = BigInt(answer.position)
    return answer
  }

  async #factsOf(stream: string): Promise<readonly Shown[]> {
    return (await this.#admin.get<{ items: readonly Shown[] }>(`/timeline?stream=${stream}&limit=100`)).items
  }

  /** What it is given while it is away waits, is offered to nobody, and wakes by itself. */
  async away(): Promise<readonly string[]> {
    const { id } = await this.#say('/orchestrators', { name: 'Night Watch', maxConcurrentTasks: lamps })
    this.#id = id
    await this.#say(`/orchestrators/${id}/activate`)
    this.#heard(await this.#admin.send('PUT', `/orchestrators/${id}/schedule`, { zone: 'UTC', onUnavailable: 'defer', holidays: { country: 'DE' } }) as Answer)
    const { id: task } = await this.#say('/tasks', { owner: id, title: 'Light the beacon' })
    const deferredUntil = await this.#startedAsleep(task, away_ms)
    const { best, closed } = await this.#admin.get(`/orchestrators/${id}/next?minPosition=${this.position}`)
    const woken = await until(async () => (await this.#factsOf(`task-${task}`)).find(({ type }) => type === 'TaskDeferralEnded'))
    const { token } = await until(async () => await this.#say(`/orchestrators/${id}/claim`).catch(() => undefined))
    await this.#say(`/tasks/${task}/complete`, { token })
    const kept = (await until(async () => {
      const { items } = await this.#admin.get('/holidays?country=DE')
      return items.length > 0 ? items[0] : undefined
    })) as { dates: readonly unknown[]; source: string }
    return [
      `  a start while it is away waits until ${clock(deferredUntil)}, and next shows ${best === null && closed ? 'that it is closed' : 'something'};`,
      `  woken at ${clock(woken.at)}, claimed and done. It keeps ${kept.dates.length} holidays of DE this year, by ${kept.source}`,
    ]
  }

  /** Starts the task while whoever is to do it sleeps; where it is awake before all that is said, once more and for longer. */
  async #startedAsleep(task: string, for_ms: number): Promise<string> {
    const [from, to] = [Date.now(), Date.now() + for_ms].map((at) => new Date(at).toISOString()) as [string, string]
    await this.#say(`/orchestrators/${this.#id}/schedule/overrides`, { from, to, kind: 'UNAVAILABLE', reason: 'asleep' })
    await until(async () => Date.now() > Date.parse(to) || (await this.#admin.get(`/schedules/${this.#id}`).catch(() => undefined))?.open === false)
    const { deferredUntil, token } = await this.#say(`/tasks/${task}/start`)
    if (deferredUntil) return deferredUntil
    await this.#say(`/tasks/${task}/release`, { token })
    return await this.#startedAsleep(task, 3 * for_ms)
  }

  /** A window that is open now stands for the night; of what is begun then the end of a lease is the end of an item. */
  async batch(): Promise<readonly string[]> {
    for (let n = 1; n <= lamps; n++) await this.#say('/tasks', { owner: this.#id, title: `Trim lamp ${n}`, tags: ['lamps'] })
    await this.#admin.get(`/tasks?tag=lamps&minPosition=${this.position}`)
    const windows = [{ start: wall(-1), end: wall(30) }]
    const { id } = await this.#say('/batches', {
      name: 'Lamps', command: 'start', select: { filter: { tag: 'lamps', status: 'TODO' } }, windows, zone: 'UTC', maxParallel: 2, run: true,
    })
    const { run } = await until(async () => {
      const row = await this.#admin.get(`/batches/${id}?minPosition=${this.position}`)
      return row.run ? row : undefined
    })
    const seen = new Set<string>()
    let together = 0
    const over = await until(async () => {
      const row = await this.#admin.get(`/batch-runs/${run}`).catch(() => undefined)
      if (row?.state === 'COMPLETED') return row
      const { items } = await this.#admin.get(`/tasks?tag=lamps&status=IN_PROGRESS`)
      together = Math.max(together, items.length)
      for (const { task, lease_token: token } of items) {
        if (seen.has(task)) continue
        seen.add(task)
        await this.#say(`/tasks/${task}/complete`, { token })
      }
      return undefined
    }) as { done: number; items: number; cause: string }
    return [`  a batch within ${windows[0]!.start} to ${windows[0]!.end}: ${over.done} of ${over.items} done, ${together} at once at the most; ${over.cause}`]
  }
}
