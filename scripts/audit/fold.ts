import { changed, changesOf, placeOf, type ReadModel, type Row } from 'shared-domain/kernel/read-model.ts'
import type { Recorded } from 'shared-domain/kernel/fact.ts'

/** The row that facts made, and where in the log the last of them stands: to keep that itself would keep the log in memory. */
export interface Folded {
  readonly organization: string
  readonly row: Row
  readonly position: string
}

/** The key of a row with its organization, as text for people. */
export const keyText = ({ key }: ReadModel, organization: unknown, row: Row): string => JSON.stringify([organization, ...key.map((column) => row[column])])

/** Names one row. No text of Postgres holds a NUL. */
export function placeIn({ key }: ReadModel, organization: unknown, row: Row): string {
  let place = String(organization)
  for (const column of key) place += `\0${row[column]}`
  return place
}

/** What a read model must show after facts, row by row, in memory. */
export class Fold {
  readonly model: ReadModel
  readonly rows = new Map<string, Folded>()

  constructor(model: ReadModel) {
    this.model = model
  }

  take(fact: Recorded): void {
    const { organization, position } = fact
    const { model, rows } = this
    for (const change of changesOf(model, fact)) {
      const place = placeIn(model, organization, placeOf(change))
      const row = changed(model, rows.get(place)?.row, change)
      if (row) rows.set(place, { organization, row, position: position! })
      else rows.delete(place)
    }
  }
}
