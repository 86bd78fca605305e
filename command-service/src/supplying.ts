import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import type { Supplied } from 'shared-domain/kernel/supply.ts'
import { day_ms } from 'shared-domain/kernel/time.ts'
import { dateAfter } from 'shared-domain/kernel/zone.ts'
import { circumstancesOf, wishIn, type Run } from './request.ts'

/** Tables of libraries, by the names that declarations have for them; nothing is loaded before it is asked for. */
export type Tables = Readonly<Record<string, (of: any) => Promise<Supplied>>>

const versionOf = (library: string): string => createRequire(import.meta.url)(`${library}/package.json`).version

interface Holiday { readonly date: string; readonly name: string }

export const tables: Tables = {
  /** Public holidays of a country, or of a region of it, in a year. */
  async publicHolidays({ country, region, year }: { country: string; region: string | null; year: number }): Promise<Supplied<readonly Holiday[]>> {
    const library = 'date-holidays'
    const { default: Holidays } = await import(library) as typeof import('date-holidays')
    const supplied = (found: readonly Holiday[] | null) => ({ found, library, version: versionOf(library) })
    const known = new Holidays()
    if (!(country in known.getCountries()) || (region !== null && !(region in (known.getStates(country) ?? {})))) return supplied(null)
    const found = (region === null ? new Holidays(country) : new Holidays(country, region)).getHolidays(year).filter(({ type }) => type === 'public')
    return supplied(found.flatMap(({ date, name, start, end }) => daysFrom(date.slice(0, 10), Math.round((end.getTime() - start.getTime()) / day_ms))
      .filter((day) => day.startsWith(`${year}-`)).map((day) => ({ date: day, name: name.slice(0, 200) }))))
  },
}

/** Some begin at noon or last for days. */
const daysFrom = (first: string, days: number) =>
  Array.from({ length: Math.max(1, days) }, (_, n) => dateAfter(first, n))

/** Looks up what a command wants of a table, if anything: once, unless it wants something else when its stream has moved on. */
export const supplying = (tables: Tables) =>
  async function supplied(run: Run, state: unknown): Promise<void> {
    const asked = run.command.supply!(state, wishIn(state, run), circumstancesOf(run))
    if (isDeepStrictEqual(run.supplied?.asked, asked)) return
    run.supplied = asked && { asked, found: await tables[asked.table]!(asked.of) }
  }
