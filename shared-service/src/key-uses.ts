import { instant } from 'shared-domain/kernel/time.ts'

/** How often a key came, when last and from where. */
export interface Use {
  readonly organization: string
  readonly key: string
  last_ms: number
  address: string
  count: number
}

/** Of more than so many keys in a minute, those that come first are noted. */
const keys_max = 10_000
const every_ms = 60_000

/**
 * Notes which keys are used, and writes it at most once in a while: by one statement, and not while nobody comes. What could not be
 * written is written with what comes next.
 */
export class KeyUses {
  readonly #save: (uses: readonly Use[]) => Promise<unknown>
  readonly #lost: (error: unknown) => void
  readonly #every_ms: number
  readonly #uses = new Map<string, Use>()
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> | undefined

  constructor(save: (uses: readonly Use[]) => Promise<unknown>, lost: (error: unknown) => void, wait_ms = every_ms) {
    this.#save = save
    this.#lost = lost
    this.#every_ms = wait_ms
  }

  note(organization: string, key: string, address: string, now_ms = Date.now()) {
    const use = this.#uses.get(key)
    if (use) {
      use.last_ms = now_ms
      use.address = address
      use.count += 1
    } else if (this.#uses.size < keys_max) {
      this.#uses.set(key, { organization, key, last_ms: now_ms, address, count: 1 })
    }
    this.#timer ??= setTimeout(() => { this.#saving = this.#write() }, this.#every_ms).unref()
  }

  async #write() {
    this.#timer = undefined
    const uses = [...this.#uses.values()]
    this.#uses.clear()
    try {
      if (uses.length > 0) await this.#save(uses)
    } catch (error) {
      this.#lost(error)
      for (const { organization, key, last_ms, address, count } of uses) {
        this.note(organization, key, address, last_ms)
        this.#uses.get(key)!.count += count - 1
      }
    }
  }

  /** Writes what is left, once. */
  async close() {
    clearTimeout(this.#timer)
    await this.#saving
    clearTimeout(this.#timer)
    await this.#write()
    clearTimeout(this.#timer)
  }
}

/** All of them by one statement; counts add up over services and replicas, of two addresses the later is kept. */
export const useStatement = (uses: readonly Use[]) => ({
  text: `insert into key_use (organization, key, last, address, count)
    select * from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::bigint[])
    on conflict (organization, key) do update set last = greatest(key_use.last, excluded.last), count = key_use.count + excluded.count,
      address = case when excluded.last >= key_use.last then excluded.address else key_use.address end`,
  values: [
    uses.map(({ organization }) => organization), uses.map(({ key }) => key), uses.map(({ last_ms }) => instant(last_ms)),
    uses.map(({ address }) => address), uses.map(({ count }) => count),
  ],
})
