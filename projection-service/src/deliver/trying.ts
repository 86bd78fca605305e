import { failedOnce, isFailing, noFailures, waitAfter } from 'shared-domain/kernel/outlet.ts'
import { pause } from 'shared-service/pause.ts'
import { v5 } from 'uuid'
import { transaction } from '../migrations.ts'
import type { Desk, Sent } from './desk.ts'
import type { Outcome } from './dispatch.ts'
import { GroupCommit } from './group-commit.ts'
import type { LiveTarget } from './live-target.ts'
import type { Answered } from './posting.ts'
import * as rows from './rows.ts'
import type { Attempt, DeliveryRow } from './rows.ts'
import type { Sending } from './sending.ts'

const later_ms = 1_000
const gone_status = 410
const namespace = 'b1d6f2f0-6f5e-5c38-9a57-0f4e2c9d7a11'

interface Parts {
  readonly desk: Desk
  readonly sending: Sending
  readonly onDelivered: () => void
  /** There is room again for more of a target. */
  readonly onRoom: () => void
}

/** Tries a delivery, writes down what became of it, and says when it comes again. */
export class Trying {
  readonly #parts: Parts
  readonly #attempts: GroupCommit<Attempt>

  constructor(parts: Parts) {
    this.#parts = parts
    this.#attempts = new GroupCommit((some) => this.#record(some))
  }

  async try(item: Sent): Promise<Outcome> {
    const { desk: { clock, parts: { log }, targets, over }, sending, onDelivered, onRoom } = this.#parts
    const { row } = item
    const live = targets.get(row.target)
    if (!live?.isOpen || over.signal.aborted) return { again_ms: clock.now() + later_ms }
    let answered: Answered
    try {
      answered = await sending.send(row, live)
    } catch (error) {
      log.warn({ err: error, target: row.target, event: row.event }, 'a delivery could not be tried')
      return { again_ms: clock.now() + later_ms }
    }
    const now_ms = clock.now()
    const attempt = item.attempt + 1
    const wait_ms = answered.error === null ? null : waitAfter(row.event, attempt, answered.retryAfter_s)
    const state = answered.error === null ? 'DELIVERED' : wait_ms === null ? 'DEAD' : 'PENDING'
    live.failures = state === 'DELIVERED' ? noFailures : failedOnce(live.failures, now_ms)
    if (state === 'DELIVERED') live.lastSuccess_ms = now_ms
    const written = this.#attempts.add({ row, attempt, state, next_ms: wait_ms === null ? null : now_ms + wait_ms, at_ms: now_ms, answered })
    if (answered.status === gone_status) await this.#giveUp(live, row, 'gone')
    else if (isFailing(live.failures, now_ms)) await this.#giveUp(live, row, 'failing')
    item.attempt = attempt
    if (state === 'PENDING') return { again_ms: now_ms + wait_ms!, written }
    live.pending--
    if (state === 'DELIVERED') onDelivered()
    if (!live.isLevel && !live.isFull) onRoom()
    return { again_ms: null, written }
  }

  /** Once written, it counts: a failure to write is tried again for as long as there is somebody to try. */
  async #record(attempts: readonly Attempt[]) {
    const { parts: { pool, log }, targets, over: { signal } } = this.#parts.desk
    const touched = [...new Set(attempts.map(({ row }) => row.target))].flatMap((target) => targets.get(target) ?? [])
    while (!signal.aborted) {
      try {
        return await transaction(pool, async (db) => {
          // What a crash of Postgres takes back is sent again.
          await db.query('set local synchronous_commit = off')
          await rows.saveAttempts(db, attempts)
          await rows.saveHealth(db, touched)
        })
      } catch (error) {
        log.warn({ err: error }, 'what became of deliveries is written again')
        await pause(later_ms, signal)
      }
    }
  }

  async #giveUp(live: LiveTarget, { event }: DeliveryRow, cause: 'failing' | 'gone') {
    if (live.hasGivenUp) return
    live.hasGivenUp = true
    const { parts: { pool, log } } = this.#parts.desk
    const { organization, target, outlet, id } = live
    const key = `${outlet.name}:${target}:${cause}:${event}`
    const errand = { intent: outlet.gaveUp(id, cause), process: outlet.name, commandId: v5(key, namespace), organization, correlationId: event, causationId: event }
    await rows.sendIntent(pool, key, errand).catch((error: unknown) => {
      live.hasGivenUp = false
      log.error({ err: error, target }, 'that a target is to be given up could not be said')
    })
  }
}
