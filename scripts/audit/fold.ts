import type { Recorded } from 'shared-domain/kernel/fact.ts'
import { changed, changesOf, placeOf, type ReadModel, type Row } from 'shared-domain/kernel/read-model.ts'
import type { Entry } from 'shared-domain/kernel/stored.ts'

/** The row a fact made what it is, and which fact that was. */
export interface Folded {
  readonly row: Row
  readonly last: Entry
}

export const keyText = (model: ReadModel, row: Row): string => JSON.stringify(['organization', ...model.key].map((column) => row[column]))

/** What a read model must show after facts, row by row, in memory. */
export class Fold {
  readonly model: ReadModel
  readonly rows = new Map<string, Folded>()

  constructor(model: ReadModel) {
    this.model = model
  }

  take(entry: Entry): void {
    const { model, rows } = this
    for (const change of changesOf(model, entry.fact)) {
      const place = this.#place(entry.fact, placeOf(change))
      const row = changed(model, rows.get(place)?.row, change)
      if (row) rows.set(place, { row: { ...row, organization: entry.fact.organization }, last: entry })
      else rows.delete(place)
    }
  }

  #place({ organization }: Recorded, row: Row): string {
    return keyText(this.model, { ...row, organization })
  }
}
