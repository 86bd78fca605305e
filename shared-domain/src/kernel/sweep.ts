import type { Condition } from './condition.ts'
import type { Intent } from './intent.ts'
import { idNamed } from './name-id.ts'
import type { ReadModel, Row } from './read-model.ts'
import { instant } from './time.ts'

/** So many rows are fetched together. */
export const swept_rows = 500

/**
 * Sends an internal command for each row that meets the conditions, at each multiple of so many seconds. Instants that are missed are not
 * made up: the command decides on what holds, not on how often it was asked.
 */
export interface Sweep {
  readonly name: string
  readonly about: string
  readonly every_s: number
  readonly over: { readonly from: ReadModel; readonly meets: readonly Condition[] }
  /** For a row, of which the key is known. */
  readonly sends: (row: any) => Intent
}

/** The next instant at which it is time, behind this one. */
export const nextOf = ({ every_s }: Pick<Sweep, 'every_s'>, now_ms: number): string => {
  const every_ms = every_s * 1_000
  return instant((Math.floor(now_ms / every_ms) + 1) * every_ms)
}

/** The id of the command for a row at an instant: whoever else sends it sends the same. */
export const sweepId = ({ name, over: { from } }: Sweep, organization: string, row: Row, at: string): string =>
  idNamed('sweep', name, organization, ...from.key.map((column) => String(row[column])), at)
