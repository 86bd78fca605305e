import { again_max } from 'shared-domain/kernel/outlet.ts'
import { pause } from 'shared-service/pause.ts'
import type { Received } from '../facts.ts'
import { rowOf, type Again, type Desk } from './desk.ts'
import type { LiveTarget } from './live-target.ts'
import { pageBehind } from './log-pages.ts'
import * as rows from './rows.ts'
import type { DeliveryRow } from './rows.ts'

const retry_ms = 1_000

const isBehind = (live: LiveTarget) => !live.isLevel && live.isOpen && !live.isFull

/** Reads the log for targets that do not stand where it is followed, and once more for those that want it again, page by page. */
export class ReadingOn {
  readonly #desk: Desk
  /** What will be sent soon need not be read again. */
  readonly #remember: (event: Received) => void
  #wake = () => {}

  constructor(desk: Desk, remember: (event: Received) => void) {
    this.#desk = desk
    this.#remember = remember
  }

  /** There may be something to read. */
  wake(): void {
    this.#wake()
  }

  async run(signal: AbortSignal): Promise<void> {
    const { targets, agains } = this.#desk
    const behind = () => [...targets.values()].filter(isBehind)
    while (!signal.aborted) {
      for (const live of behind()) await this.#retrying(signal, () => this.#catchUp(live))
      for (const again of [...agains.values()]) await this.#retrying(signal, () => this.#lookAgain(again))
      if (agains.size === 0 && behind().length === 0 && !signal.aborted) await new Promise<void>((resolve) => { this.#wake = resolve })
    }
  }

  async #retrying(signal: AbortSignal, run: () => Promise<void>) {
    await run().catch(async (error: unknown) => {
      if (signal.aborted) return
      this.#desk.parts.log.warn({ err: error }, 'a part of the log is read again')
      await pause(retry_ms, signal)
    })
  }

  /** One page for a target that is behind. */
  async #catchUp(live: LiveTarget) {
    const desk = this.#desk
    const { events, end } = await pageBehind(desk.parts, live.position)
    await desk.exclusively(async () => {
      if (live.isLevel || !live.isOpen) return
      const wanted: DeliveryRow[] = []
      let reached = live.position
      for (const event of events) {
        if (event.position > desk.position || live.isFull) break
        reached = event.position
        if (!event.fact || (await desk.wanting(event, (one) => one === live)).length === 0) continue
        wanted.push(rowOf(event, live))
        this.#remember(event)
        live.pending++
      }
      live.isLevel = !live.isFull && (end || (events.at(-1)?.position ?? 0n) >= desk.position)
      live.position = live.isLevel ? desk.position : reached
      await desk.save(live, wanted, false)
    })
  }

  /** One page of what a target wants once more. */
  async #lookAgain(again: Again) {
    const desk = this.#desk
    const { event: id, live, range, to } = again
    const { events, end } = await pageBehind(desk.parts, again.at)
    await desk.exclusively(async () => {
      const looked = events.filter(({ position }) => position <= to).slice(0, again_max - again.looked)
      const wanted: DeliveryRow[] = []
      for (const event of looked) {
        if (!event.fact || (range.types && !range.types(event.fact))) continue
        if ((await desk.wanting(event, (one) => one === live)).length === 0) continue
        wanted.push(rowOf(event, live))
        this.#remember(event)
      }
      live.pending += wanted.length
      await desk.save(live, wanted, true)
      const next = { ...again, at: events.at(-1)?.position ?? to, looked: again.looked + looked.length }
      if (end || next.at >= to || next.looked >= again_max || !desk.targets.has(live.target)) {
        desk.agains.delete(id)
        await rows.forgetAgain(desk.parts.pool, id)
      } else {
        desk.agains.set(id, next)
        await rows.saveAgain(desk.parts.pool, next, next.request)
      }
    })
  }
}
