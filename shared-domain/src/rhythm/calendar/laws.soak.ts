import fc from 'fast-check'
import t from 'tap'
import { offsetChanges } from '../../kernel/testing-offsets.ts'
import { agree, calendarAround, daysTile } from './testing-laws.ts'

t.test('R-80 around every change of an offset the functions agree for twenty calendars each, and days tile', async (t) => {
  offsetChanges.forEach((change, no) => {
    fc.assert(fc.property(calendarAround(change), (calendar) => agree(calendar, change)), { seed: no, numRuns: 20 })
    daysTile(change)
  })
  t.equal(offsetChanges.length, 595)
})
