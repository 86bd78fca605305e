import { ANY, type Store } from '../contract.ts'
import { showing } from '../filter.ts'
import { doesNotExist, exists, failed } from '../wire/errors.ts'
import { readRecord } from '../wire/recorded-event.ts'
import type { FilterWish, Start } from '../wire/read.ts'
import { Group } from './group.ts'
import { metadataEvent, systemEvent } from './parked.ts'
import { all, checkpointStream, isStrategy, keyOf, parkedStream, type GroupConfig, type Settings } from './settings.ts'
import { endOf } from './source.ts'

export interface GroupName {
  readonly source: string
  readonly group: string
}

/** What a client wishes of a group: it may name a strategy that is not known. */
export interface GroupWish extends GroupName {
  readonly settings: Omit<Settings, 'strategy'> & { readonly strategy: string }
  /** A stream was named: `$all` cannot be followed that way. */
  readonly isNamed: boolean
  readonly filter: FilterWish | undefined
  readonly preparePosition: number | undefined
}

export interface GroupsOptions {
  readonly now_ms?: () => number
  /** How often timeouts and checkpoints are looked at. */
  readonly tick_ms?: number
  /** What did not work and does no harm, in a sentence. */
  readonly onWarning?: (sentence: string) => void
}

/** In the words of the real server, which clients may look for. */
const outOfRange = "Specified argument was out of the range of valid values. (Parameter 'ReadBatchSize may not be greater than or equal to BufferSize')"

const configStream = '$persistentSubscriptionConfig'

/**
 * All persistent subscriptions. Which there are is one event, written anew with every change, before the change is answered.
 */
export class Groups {
  readonly #store: Store
  readonly #now_ms: () => number
  readonly #groups = new Map<string, Group>()
  readonly #onWarning: (sentence: string) => void
  readonly #timer: NodeJS.Timeout
  #changes: Promise<unknown> = Promise.resolve()

  constructor(store: Store, { now_ms = Date.now, tick_ms = 1_000, onWarning = () => undefined }: GroupsOptions = {}) {
    this.#store = store
    this.#now_ms = now_ms
    this.#onWarning = onWarning
    this.#timer = setInterval(() => this.tick(), tick_ms)
  }

  /** Whoever can write can write to this stream, too: the newest event that says which groups there are counts. */
  async load(): Promise<void> {
    const { lastVisible, ordinalOf } = this.#store.stream(configStream)
    for (let revision = lastVisible; revision >= 0; revision--) {
      const [record] = await this.#store.records([ordinalOf(revision)])
      const configs = configsIn(record!)
      if (!configs) {
        this.#onWarning(`event ${revision} of ${configStream} does not say which persistent subscriptions there are: an earlier one counts`)
        continue
      }
      for (const config of configs) await this.#begin(config)
      return
    }
  }

  tick(): void {
    for (const group of this.#groups.values()) group.tick()
  }

  /** Throws where there is none. */
  find(name: GroupName): Group {
    const group = this.#groups.get(keyOf(name))
    if (!group) throw doesNotExist(name.source, name.group)
    return group
  }

  of(source: string | undefined): readonly Group[] {
    const groups = [...this.#groups.values()]
    return source === undefined ? groups : groups.filter(({ config }) => config.source === source)
  }

  create(wish: GroupWish): Promise<void> {
    return this.#changing(async () => {
      if (this.#groups.has(keyOf(wish))) throw exists(wish.source, wish.group)
      const config = this.#checked(wish)
      await this.#save([...this.#configs(), config])
      await this.#begin(config)
    })
  }

  /** The group begins anew from its checkpoint; its filter stays; consumers are dropped. */
  update(wish: GroupWish): Promise<void> {
    return this.#changing(async () => {
      const group = this.find(wish)
      const config = { ...this.#checked(wish), filter: group.config.filter }
      await this.#save(this.#configs().map((each) => (keyOf(each) === group.key ? config : each)))
      group.stop()
      await this.#begin(config)
    })
  }

  delete(name: GroupName): Promise<void> {
    return this.#changing(async () => {
      const group = this.find(name)
      await this.#save(this.#configs().filter((each) => keyOf(each) !== group.key))
      this.#groups.delete(group.key)
      group.stop()
      for (const stream of [checkpointStream(group.key), parkedStream(group.key)]) await this.#store.delete(stream, ANY)
    })
  }

  restart(): Promise<void> {
    return this.#changing(async () => {
      this.stop(false)
      await this.load()
    })
  }

  stop(isFinal = true): void {
    if (isFinal) clearInterval(this.#timer)
    for (const group of this.#groups.values()) group.stop()
    this.#groups.clear()
  }

  /** One change after another. */
  #changing<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changes.then(change)
    this.#changes = changed.catch(() => undefined)
    return changed
  }

  async #begin(config: GroupConfig): Promise<void> {
    const group = new Group(this.#store, config, this.#now_ms)
    this.#groups.set(group.key, group)
    await group.start()
  }

  #configs(): readonly GroupConfig[] {
    return [...this.#groups.values()].map(({ config }) => config)
  }

  #checked({ source, group, isNamed, settings, filter, preparePosition }: GroupWish): GroupConfig {
    const { strategy, start, readBatchSize, historyBufferSize } = settings
    const refused = (reason: string) => failed(source, group, reason)
    if (source === '' || group === '') throw refused('The stream and the group need names.')
    if (isNamed && source === all) throw refused('$all is not followed by its name.')
    if (!isStrategy(strategy)) throw refused(`Consumer strategy ${strategy} does not exist.`)
    if (readBatchSize >= historyBufferSize) throw refused(outOfRange)
    if (source === all && typeof start === 'number') {
      if (preparePosition !== undefined && preparePosition > start) throw refused('The prepare position must not be greater than the commit position.')
      if (start > lastPosition(this.#store)) throw refused('The start position lies beyond the end of the log.')
    }
    // A filter that cannot work is refused now, not when it is first used.
    if (filter) showing(this.#store, filter)
    return { source, group, filter, settings: { ...settings, strategy }, endAt: start === 'end' ? endOf(this.#store, source) : undefined }
  }

  async #save(configs: readonly GroupConfig[]): Promise<void> {
    if (this.#store.stream(configStream).lastVisible < 0) await this.#store.append(`$$${configStream}`, ANY, [metadataEvent({ $maxCount: 2 })])
    const entries = configs.map(stored)
    await this.#store.append(configStream, ANY, [systemEvent('$PersistentConfig', { version: '2', updated: new Date(this.#now_ms()).toISOString(), entries })])
  }
}

const lastPosition = (store: Store): number => (store.count === 0 ? 0 : store.entry(store.count - 1).position)

interface StoredConfig extends Omit<Settings, 'start'> {
  readonly stream: string
  readonly group: string
  readonly startFrom: Start
  readonly filter?: FilterWish
  readonly endAt?: number
}

const stored = ({ source, group, filter, endAt, settings: { start, ...settings } }: GroupConfig): StoredConfig =>
  ({ stream: source, group, startFrom: start, ...settings, ...(filter && { filter }), ...(endAt !== undefined && { endAt }) })

const restored = ({ stream, group, startFrom, filter, endAt, ...settings }: StoredConfig): GroupConfig =>
  ({ source: stream, group, filter, endAt, settings: { ...settings, start: startFrom } })

/** Undefined where a record is not what `#save` writes. */
function configsIn(record: Buffer): readonly GroupConfig[] | undefined {
  try {
    const { entries } = JSON.parse(readRecord(record).data.toString()) as { readonly entries: readonly StoredConfig[] }
    const isConfig = ({ stream, group, strategy }: StoredConfig) =>
      typeof stream === 'string' && typeof group === 'string' && isStrategy(strategy)
    return entries.every(isConfig) ? entries.map(restored) : undefined
  } catch {
    return undefined
  }
}
