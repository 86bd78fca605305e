import fc from 'fast-check'
import t from 'tap'
import { offsetChanges } from '../../kernel/testing-offsets.ts'
import { agree, calendarAround, daysTile } from './testing-laws.ts'

/** Every so many of them, of every zone; all of them many times over by `npm run soak`. */
const some = (each: number) => offsetChanges.filter((_, no) => no % each === 0)

t.test('R-80 around changes of offsets the functions agree, and what is next is the least', async (t) => {
  some(7).forEach((change, no) =>
    fc.assert(fc.property(calendarAround(change), (calendar) => agree(calendar, change)), { seed: no, numRuns: 1 }))
  t.equal(new Set(some(7).map(({ zone }) => zone)).size, new Set(offsetChanges.map(({ zone }) => zone)).size)
})

t.test('R-80 slots from midnight to midnight tile the days around changes', async (t) => {
  for (const change of some(3)) daysTile(change)
  t.pass()
})
