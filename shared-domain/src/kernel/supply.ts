/** What is wanted of a table that a library has and the domain has not. */
export interface SupplyAsked {
  readonly table: string
  readonly of: Readonly<Record<string, unknown>>
}

/** What was found there, null where the library knows nothing of it. A fact keeps it with the name and the version of the library. */
export interface Supplied<Found = any> {
  readonly found: Found | null
  readonly library: string
  readonly version: string
}

/** A table of a library, by what is asked of it and what is found. */
export interface Table<Of extends object, Found> {
  readonly asks: (of: Of) => SupplyAsked
  readonly in: (supplied: Supplied | undefined) => Supplied<Found>
}

/** Where no host supplies anything, nothing is found. */
export const nothingSupplied: Supplied = { found: null, library: 'none', version: '0' }

export const table = <Of extends object, Found>(name: string): Table<Of, Found> => ({
  asks: (of) => ({ table: name, of: of as SupplyAsked['of'] }), in: (supplied = nothingSupplied) => supplied,
})
