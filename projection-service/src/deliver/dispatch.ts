import type { Clock } from './clock.ts'

/** Something that is to be sent, in a line: behind what is before it there, beside what is in other lines. */
export interface Item {
  readonly target: string
  readonly line: string
  /** Where in the line: no other has the same place. */
  readonly place: number
  /** Not before. */
  due_ms: number
}

/** How much of a target may be under way, and where it goes. */
export interface Lane {
  readonly host: string
  readonly parallel: number
}

export interface Bounds {
  readonly all_max: number
  readonly host_max: number
}

export const usualBounds: Bounds = { all_max: 64, host_max: 4 }

interface Line<One extends Item> {
  readonly waiting: One[]
  isUnderWay: boolean
  cancel: (() => void) | undefined
}

interface Group<One extends Item> {
  lane: Lane
  readonly lines: Map<string, Line<One>>
  /** Names of lines whose first item is due. */
  readonly ready: Set<string>
  underWay: number
}

/** What becomes of an item: it is done, or it comes again, not before an instant; and when that was written down. */
export interface Outcome {
  readonly again_ms: number | null
  readonly written?: Promise<void>
}

/**
 * Who is sent next: in each line one after the other, of a target so many lines at once, of a host and of all so many. Knows no rows and
 * no network.
 */
export class Dispatch<One extends Item> {
  readonly #clock: Clock
  readonly #send: (item: One) => Promise<Outcome>
  readonly #bounds: Bounds
  readonly #groups = new Map<string, Group<One>>()
  readonly #hosts = new Map<string, number>()
  #underWay = 0
  #isOver = false
  #settled = () => {}

  constructor(clock: Clock, send: (item: One) => Promise<Outcome>, bounds = usualBounds) {
    this.#clock = clock
    this.#send = send
    this.#bounds = bounds
  }

  /** How much of a target waits or is under way. */
  count(target: string): number {
    let count = 0
    for (const { waiting } of this.#groups.get(target)?.lines.values() ?? []) count += waiting.length
    return count
  }

  /** From now on items of this target are sent, like this. */
  open(target: string, lane: Lane): void {
    const group = this.#groups.get(target)
    if (group) group.lane = lane
    else this.#groups.set(target, { lane, lines: new Map(), ready: new Set(), underWay: 0 })
    this.#pump()
  }

  isOpen(target: string): boolean {
    return this.#groups.has(target)
  }

  /** Nothing of this target is begun any more; what waits is forgotten here. */
  close(target: string): void {
    for (const { cancel } of this.#groups.get(target)?.lines.values() ?? []) cancel?.()
    this.#groups.delete(target)
  }

  add(items: Iterable<One>): void {
    for (const item of items) {
      const group = this.#groups.get(item.target)
      if (!group) continue
      const line = group.lines.get(item.line) ?? { waiting: [], isUnderWay: false, cancel: undefined }
      group.lines.set(item.line, line)
      // Mostly it comes last.
      const before = line.waiting.findLastIndex(({ place }) => place <= item.place)
      const same = line.waiting[before]
      if (same?.place === item.place) same.due_ms = Math.min(same.due_ms, item.due_ms)
      else line.waiting.splice(line.isUnderWay ? Math.max(1, before + 1) : before + 1, 0, item)
      this.#look(group, item.line, line)
    }
    this.#pump()
  }

  /** Begins nothing any more, and waits for what is under way. */
  async end(): Promise<void> {
    this.#isOver = true
    for (const target of [...this.#groups.keys()]) this.close(target)
    while (this.#underWay > 0) await new Promise<void>((resolve) => { this.#settled = resolve })
  }

  /** Whether the first of a line may go, or when. */
  #look(group: Group<One>, name: string, line: Line<One>) {
    line.cancel?.()
    line.cancel = undefined
    group.ready.delete(name)
    const [first] = line.waiting
    if (line.isUnderWay) return
    if (!first) return void group.lines.delete(name)
    const wait_ms = first.due_ms - this.#clock.now()
    if (wait_ms <= 0) return void group.ready.add(name)
    line.cancel = this.#clock.after(wait_ms, () => {
      this.#look(group, name, line)
      this.#pump()
    })
  }

  #pump() {
    if (this.#isOver) return
    for (const group of this.#groups.values()) {
      const { host, parallel } = group.lane
      for (const name of group.ready) {
        if (this.#underWay >= this.#bounds.all_max) return
        if (group.underWay >= parallel || (this.#hosts.get(host) ?? 0) >= this.#bounds.host_max) break
        void this.#go(group, name)
      }
    }
  }

  async #go(group: Group<One>, name: string) {
    const line = group.lines.get(name)!
    const [item] = line.waiting as [One]
    const { host } = group.lane
    group.ready.delete(name)
    line.isUnderWay = true
    group.underWay++
    this.#underWay++
    this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1)
    const { again_ms, written } = await this.#send(item)
    group.underWay--
    const left = this.#hosts.get(host)! - 1
    if (left > 0) this.#hosts.set(host, left)
    else this.#hosts.delete(host)
    this.#pump()
    // Until that is written down it would be sent again by whoever goes on: it counts as under way, and what is behind it waits.
    await written
    this.#underWay--
    line.isUnderWay = false
    if (again_ms === null) line.waiting.splice(line.waiting.indexOf(item), 1)
    else item.due_ms = again_ms
    // One that was closed meanwhile has no say any more.
    if (this.#groups.get(item.target) === group) this.#look(group, name, line)
    this.#settled()
    this.#pump()
  }
}
