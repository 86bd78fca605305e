import { DatabaseError } from 'pg'
import type { Received } from './facts.ts'

/** The table cannot hold what these facts make of it. */
export class Refused extends Error {}

/** SQLSTATE codes, or beginnings of them, that a value causes: not of its type, against a constraint, too long for an index. */
const kinds = ['22', '23', '54000']

/** What a statement with values of rows answers. Throws `Refused` when it is those values that cannot be. */
export async function held<T>(statement: Promise<T>): Promise<T> {
  try {
    return await statement
  } catch (error) {
    const isRefusal = error instanceof DatabaseError && kinds.some((kind) => error.code?.startsWith(kind))
    throw isRefusal ? new Refused(error.message, { cause: error }) : error
  }
}

/**
 * Takes facts of which the table refuses some: those that are refused together are taken by halves, down to the one which is the reason.
 * That one is handed on as a fact that cannot be read, so that its stream is parked.
 */
export async function byHalves(events: readonly Received[], take: (part: readonly Received[]) => Promise<unknown>): Promise<void> {
  try {
    await take(events)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    if (events.length > 1) {
      const half = events.length >> 1
      await byHalves(events.slice(0, half), take)
      await byHalves(events.slice(half), take)
    } else {
      const [event] = events
      if (!event?.fact) throw error
      await byHalves([{ ...event, fact: undefined, fault: error.message }], take)
    }
  }
}
