import t from 'tap'
import { hour_ms } from '../../kernel/time.ts'
import { always, verdictAt, type Calendar } from './calendar.ts'
import { addOpenTime, isOpen, nextClose, nextOpen, openIntervals, openTimeBetween } from './hours.ts'
import { at, hoursIn, on, overriding, shownOrNull, slots, told, workdays } from './scene.ts'
import { days, overlapIn } from './slots.ts'

function day(calendar: Calendar, date: string, days = 1) {
  const from = at(`${date}T00:00`)
  return told(openIntervals(calendar, from, from + days * 24 * hour_ms))
}

t.test('R-10 R-11 R-12 R-13 New York works from nine to five, on the weekend of the change too', async (t) => {
  const office = hoursIn('America/New_York', on(workdays, '09:00-17:00'))
  t.notOk(isOpen(office, at('2026-03-06T13:59:59.999')))
  t.ok(isOpen(office, at('2026-03-06T14:00')))
  t.equal(shownOrNull(nextClose(office, at('2026-03-06T14:00'))), '2026-03-06T22:00')
  t.notOk(isOpen(office, at('2026-03-06T22:00')))
  t.equal(shownOrNull(nextOpen(office, at('2026-03-06T22:00'))), '2026-03-09T13:00')
  t.equal(openTimeBetween(office, at('2026-03-06T20:00'), at('2026-03-09T14:00')), 3 * hour_ms)
  t.equal(shownOrNull(addOpenTime(office, at('2026-03-06T20:00'), 4 * hour_ms)), '2026-03-09T15:00')
  t.equal(shownOrNull(addOpenTime(office, at('2026-03-06T20:00'), 2 * hour_ms)), '2026-03-06T22:00', 'the least instant')
  t.equal(addOpenTime(office, at('2026-03-06T23:00'), 0), at('2026-03-06T23:00'))
  t.equal(addOpenTime(office, at('2026-03-06T20:00'), 9_000 * hour_ms), null)
  t.equal(openTimeBetween(office, at('2026-03-06T20:00'), at('2026-03-06T15:00')), 0)
  t.equal(nextClose(office, at('2026-03-07T20:00')), at('2026-03-07T20:00'), 'it is closed')
  t.equal(nextOpen(office, at('2026-03-06T14:30')), at('2026-03-06T14:30'), 'it is open')
})

t.test('R-11 R-13 a slot past midnight belongs to the date that it starts on', async (t) => {
  const night = hoursIn('Asia/Tokyo', on(['MONDAY'], '22:00-06:00'))
  t.ok(isOpen(night, at('2026-01-12T14:00')))
  t.ok(isOpen(night, at('2026-01-12T20:59:59.999')))
  t.notOk(isOpen(night, at('2026-01-12T21:00')))
  t.equal(shownOrNull(nextOpen(night, at('2026-01-12T21:00'))), '2026-01-19T13:00')
  t.strictSame(day(hoursIn('Pacific/Auckland', on(['THURSDAY'], '22:00-06:00')), '2026-12-31'), ['2026-12-31T09:00 2026-12-31T17:00'])
})

t.test('R-10 R-13 clocks jump and go back over the edges of slots', async (t) => {
  const berlin = (text: string) => hoursIn('Europe/Berlin', on(['SUNDAY'], text))
  t.strictSame(day(berlin('02:30-05:00'), '2026-03-29'), ['2026-03-29T01:00 2026-03-29T03:00'])
  t.strictSame(day(berlin('02:30-05:00'), '2026-10-25'), ['2026-10-25T00:30 2026-10-25T04:00'])
  t.strictSame(day(berlin('02:00-03:00'), '2026-03-29'), [])
  t.strictSame(day(berlin('01:00-02:30'), '2026-10-24', 2), ['2026-10-24T23:00 2026-10-25T00:30'])
  t.equal(openTimeBetween(berlin('00:00-24:00'), at('2026-10-24T00:00'), at('2026-10-27T00:00')), 25 * hour_ms)

  const lordHowe = (weekday: 'SATURDAY' | 'SUNDAY', text: string) => hoursIn('Australia/Lord_Howe', on([weekday], text))
  t.strictSame(day(lordHowe('SATURDAY', '20:00-04:00'), '2026-04-04'), ['2026-04-04T09:00 2026-04-04T17:30'])
  t.strictSame(day(lordHowe('SATURDAY', '20:00-04:00'), '2026-10-03'), ['2026-10-03T09:30 2026-10-03T17:00'])
  t.strictSame(day(lordHowe('SUNDAY', '02:15-08:00'), '2026-10-03'), ['2026-10-03T15:30 2026-10-03T21:00'])

  const cairo = hoursIn('Africa/Cairo', on(days, '09:00-17:00'))
  t.equal(shownOrNull(nextOpen(cairo, at('2022-06-06T00:00'))), '2022-06-06T07:00')
  t.equal(shownOrNull(nextOpen(cairo, at('2023-06-05T00:00'))), '2023-06-05T06:00', 'summer time again')
})

t.test('R-10 R-13 nobody works on a date that does not come', async (t) => {
  const samoa = hoursIn('Pacific/Apia', on(workdays, '09:00-17:00'))
  t.strictSame(day(samoa, '2011-12-29', 4),
    ['2011-12-29T00:00 2011-12-29T03:00', '2011-12-29T19:00 2011-12-30T03:00', '2012-01-01T19:00 2012-01-02T00:00'])
  t.strictSame(day(hoursIn('Pacific/Apia', on(['THURSDAY', 'FRIDAY'], '22:00-06:00')), '2011-12-29', 4),
    ['2011-12-30T08:00 2011-12-30T10:00'])
})

t.test('R-13 without slots it is never open, and always is always', async (t) => {
  t.equal(nextOpen(hoursIn('UTC', {}), at('2026-01-01T00:00')), null)
  t.equal(nextClose(always, at('2026-01-01T00:00')), null)
  t.ok(isOpen(always, at('2026-01-01T00:00')))
  t.strictSame(verdictAt(always, at('2026-01-01T00:00')), { open: true, cause: 'always' })
})

t.test('R-11 R-13 breaks, holidays and overrides, each with its cause', async (t) => {
  const berlin = 'Europe/Berlin'
  const office = hoursIn(berlin, on(['MONDAY'], '08:00-12:00, 13:00-17:00'), {
    breaks: [{ days: [...days], start: '10:00', end: '10:15' }],
    holidays: new Map([['2026-05-25', []], ['2026-06-22', slots('09:00-11:00')]]),
    overrides: [
      { kind: 'AVAILABLE', hours: [], from: at('2026-06-01T10:00'), to: at('2026-06-01T20:00') },
      overriding('CUSTOM_HOURS', berlin, '2026-06-15', '2026-06-16', slots('20:00-23:00')),
      overriding('UNAVAILABLE', berlin, '2026-06-29', '2026-06-30'),
    ],
  })
  const usual = (date: string) => [`${date}T06:00 ${date}T08:00`, `${date}T08:15 ${date}T10:00`, `${date}T11:00 ${date}T15:00`]
  t.strictSame(day(office, '2026-05-18'), usual('2026-05-18'))
  t.strictSame(day(office, '2026-05-25'), [])
  t.strictSame(day(office, '2026-06-01'), ['2026-06-01T06:00 2026-06-01T08:00', '2026-06-01T08:15 2026-06-01T20:00'])
  t.strictSame(day(office, '2026-06-15'), ['2026-06-15T18:00 2026-06-15T21:00'])
  t.strictSame(day(office, '2026-06-22'), ['2026-06-22T07:00 2026-06-22T08:00', '2026-06-22T08:15 2026-06-22T09:00'])
  t.strictSame(day(office, '2026-06-29'), [])

  const causes = {
    '2026-05-18T06:00': [true, 'weekly'], '2026-05-18T08:00': [false, 'break'], '2026-05-18T10:30': [false, 'weekly'],
    '2026-05-25T06:00': [false, 'holiday'], '2026-06-01T18:00': [true, 'override'], '2026-06-15T06:00': [false, 'override'],
    '2026-06-15T18:00': [true, 'override'], '2026-06-22T07:00': [true, 'holiday'], '2026-06-22T08:10': [false, 'break'],
    '2026-06-29T06:00': [false, 'override'],
  }
  for (const [when, [open, cause]] of Object.entries(causes)) t.strictSame(verdictAt(office, at(when)), { open, cause }, when)
})

t.test('R-12 hours are known 366 days ahead', async (t) => {
  const january = { hours: [], from: at('2027-01-02T00:00'), to: at('2027-02-01T00:00') }
  const late = hoursIn('UTC', {}, { overrides: [{ kind: 'AVAILABLE', ...january }] })
  t.equal(nextOpen(late, at('2026-01-01T00:00')), null)
  t.equal(shownOrNull(nextOpen(late, at('2026-01-01T00:01'))), '2027-01-02T00:00')
  const closing: Calendar = { ...always, overrides: [{ kind: 'UNAVAILABLE', ...january }] }
  t.equal(nextClose(closing, at('2026-01-01T00:00')), null)
  t.equal(shownOrNull(nextClose(closing, at('2026-01-01T00:01'))), '2027-01-02T00:00')
  t.equal(openTimeBetween(always, at('2026-01-01T00:00'), at('2030-01-01T00:00')), 366 * 24 * hour_ms)
  t.strictSame(told(openIntervals(always, at('2026-01-01T00:00'), at('2030-01-01T00:00'))), ['2026-01-01T00:00 2027-01-02T00:00'])
})

t.test('R-7 slots of a week overlap across midnight and its end, too', async (t) => {
  t.notOk(overlapIn(on(days, '00:00-24:00')))
  t.notOk(overlapIn(on(days, '22:00-06:00, 06:00-22:00')))
  t.notOk(overlapIn({}))
  t.ok(overlapIn(on(['MONDAY'], '08:00-12:00, 11:59-13:00')))
  t.ok(overlapIn({ MONDAY: slots('22:00-06:00'), TUESDAY: slots('05:00-07:00') }))
  t.ok(overlapIn({ SUNDAY: slots('22:00-06:00'), MONDAY: slots('05:00-07:00') }))
  t.notOk(overlapIn({ SUNDAY: slots('12:00-12:00'), MONDAY: slots('12:00-13:00') }))
})
