import fc from 'fast-check'
import t from 'tap'
import { isTimeFormat, NoInstant, timeReader, type TimeFormat } from './time.ts'
import { instantsAt, zoneOf } from './zone.ts'

const iso: TimeFormat = { format: 'iso', zone: 'Z' }

/** The instant, or what is wrong with the text. */
function read(text: string, how: Partial<TimeFormat> = {}): string {
  try {
    return timeReader({ ...iso, ...how })(text)
  } catch (error) {
    if (!(error instanceof NoInstant)) throw error
    return error.message
  }
}

t.test('a time is ISO 8601 or what was declared, of the calendar, and never guessed', async (t) => {
  const table: readonly (readonly [string, string | RegExp, Partial<TimeFormat>?])[] = [
    ['03.04.2024', /no time in ISO 8601/],
    ['03/04/2024', /no time in ISO 8601/],
    ['1', /no time in ISO 8601/],
    ['45292.5', /no time in ISO 8601/],
    ['20240403', /no time in ISO 8601/],
    ['2024-4-3', /no time in ISO 8601/],
    ['Apr 3, 2024', /no time in ISO 8601/],
    ['2024-04-03T10:11:12 Europe', /no time in ISO 8601/],
    ['+002024-04-03T10:11:12Z', /no time in ISO 8601/],
    ['2024-02-30', /no day of the calendar/],
    ['2023-02-29T10:00Z', /no day of the calendar/],
    ['1900-02-29', /no day of the calendar/],
    ['2024-13-01', /no day of the calendar/],
    ['2024-00-01', /no day of the calendar/],
    ['2024-04-00', /no day of the calendar/],
    ['2024-04-03T24:01', /no time of day/],
    ['2024-04-03T25:00', /no time of day/],
    ['2024-04-03T10:60', /no time of day/],
    ['2024-04-03T10:00:61Z', /no time of day/],
    ['2016-12-31T23:59:60Z', /leap second/],
    ['2024-04-03T10:00+24:00', /offset that there is not/],
    ['2024-04-03T10:00+01:60', /offset that there is not/],
    ['0001-01-01T00:00+00:01', /years 0001 to 9999/],
    ['9999-12-31T23:59-00:01', /years 0001 to 9999/],
    ['0000-12-31T23:59Z', /years 0001 to 9999/],
    ['2024-04-03T10:11', /says no offset/, { zone: undefined }],
    ['2024-04-03', /says no offset/, { zone: undefined }],

    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T10:11', '2000-02-29T10:11:00.000Z'],
    [' 2024-04-03 10:11:12 ', '2024-04-03T10:11:12.000Z'],
    ['2024-04-03t10:11:12z', '2024-04-03T10:11:12.000Z'],
    ['2024-04-03T10:11:12,5', '2024-04-03T10:11:12.500Z'],
    ['2024-04-03T10:11:12.999999999Z', '2024-04-03T10:11:12.999Z'],
    ['2024-04-03 10:11:12+00', '2024-04-03T10:11:12.000Z'],
    ['2024-04-03T10:11:12-0330', '2024-04-03T13:41:12.000Z'],
    ['2024-04-03T10:11:12+14:00', '2024-04-02T20:11:12.000Z'],
    ['2023-12-31T24:00Z', '2024-01-01T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0099-12-31T00:00:00Z', '0099-12-31T00:00:00.000Z'],
    ['2024-04-03T10:11Z', '2024-04-03T18:11:00.000Z', { zulu: '-08:00' }],

    ['03.04.2024', '2024-04-03T00:00:00.000Z', { format: 'dd.MM.yyyy' }],
    ['04/03/2024', '2024-04-03T00:00:00.000Z', { format: 'MM/dd/yyyy' }],
    ['13/13/2024', /no day of the calendar/, { format: 'MM/dd/yyyy' }],
    ['2024-04-03', /no time in the format dd/, { format: 'dd.MM.yyyy' }],
    ['3-Apr-2024 7:05 PM', '2024-04-03T19:05:00.000Z', { format: 'd-MMM-yyyy h:mm a' }],
    ['3-Apr-2024 12:05 am', '2024-04-03T00:05:00.000Z', { format: 'd-MMM-yyyy h:mm a' }],
    ['3-Apr-2024 13:05 am', /no time of day/, { format: 'd-MMM-yyyy h:mm a' }],
    ['3-Avr-2024 7:05 pm', /no time in the format/, { format: 'd-MMM-yyyy h:mm a' }],
    ['20240403T101112.5+0200', '2024-04-03T08:11:12.500Z', { format: `yyyyMMdd'T'HHmmss.SX` }],
    ['1712139072', '2024-04-03T10:11:12.000Z', { format: 'epoch-seconds' }],
    ['1712139072.1239', '2024-04-03T10:11:12.123Z', { format: 'epoch-seconds' }],
    ['-1.5', '1969-12-31T23:59:58.500Z', { format: 'epoch-seconds' }],
    ['1712139072123', '2024-04-03T10:11:12.123Z', { format: 'epoch-milliseconds' }],
    ['999999999999999', /years 0001 to 9999/, { format: 'epoch-seconds' }],
    ['2024-04-03', /no time in the format epoch-seconds/, { format: 'epoch-seconds' }],

    ['2024-03-31T02:30', /clocks of Europe\/Berlin skipped/, { zone: 'Europe/Berlin' }],
    ['2024-03-31T02:30', /clocks of Europe\/Berlin skipped/, { zone: 'Europe/Berlin', disambiguation: 'later' }],
    ['2024-10-27T02:30', /clocks of Europe\/Berlin showed twice/, { zone: 'Europe/Berlin' }],
    ['2024-10-27T02:30', '2024-10-27T00:30:00.000Z', { zone: 'Europe/Berlin', disambiguation: 'earlier' }],
    ['2024-10-27T02:30', '2024-10-27T01:30:00.000Z', { zone: 'Europe/Berlin', disambiguation: 'later' }],
    ['2024-10-27T02:30+02:00', '2024-10-27T00:30:00.000Z', { zone: 'Europe/Berlin' }],
    ['2024-04-07T01:45', /showed twice/, { zone: 'Australia/Lord_Howe' }],
    ['2011-12-30T12:00', /clocks of Pacific\/Apia skipped/, { zone: 'Pacific/Apia' }],
  ]
  for (const [text, wanted, how] of table) {
    if (typeof wanted === 'string') t.equal(read(text, how), wanted, `${text} ${JSON.stringify(how ?? {})}`)
    else t.match(read(text, how), wanted, `${text} ${JSON.stringify(how ?? {})}`)
  }
})

t.test('a format names a whole date once, by fields that are known', async (t) => {
  for (const format of ['iso', 'epoch-seconds', 'epoch-milliseconds', 'yyyy-MM-dd', 'd.M.yyyy HH:mm:ss', 'MMM d yyyy hh:mm a', `yyyyMMdd'T'HHmmssX`]) t.ok(isTimeFormat(format), format)
  for (const format of ['', 'ISO', 'dd.MM.yy', 'HH:mm', 'yyyy-MM', 'yyyy-MM-dd dd', 'yyyy-MM-dd hh:mm', 'yyyy-MM-dd HH:mm a', 'yyyy-MM-dd EEE', `yyyy-MM-dd'`, 'constructor']) t.notOk(isTimeFormat(format), format)
})

t.test('what is read is what was written: every instant, in every way of writing it', async () => {
  const written = (at: Date) => at.toISOString()
  const ways: readonly (readonly [TimeFormat, (at: Date) => string])[] = [
    [iso, written],
    [{ format: 'iso' }, (at) => written(new Date(at.getTime() - 270 * 60_000)).replace('Z', '-04:30')],
    [{ format: `dd.MM.yyyy HH:mm:ss,S`, zone: '+00' }, (at) => written(at).replace(/^(\d+)-(\d+)-(\d+)T(.*)\.(\d+)Z$/, '$3.$2.$1 $4,$5')],
    [{ format: 'epoch-milliseconds' }, (at) => String(at.getTime())],
    [{ format: 'epoch-seconds' }, (at) => (at.getTime() / 1_000).toFixed(3)],
  ]
  // A day from either end, so that an offset leaves no year out of reach.
  const instants = fc.date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T23:59:59.999Z'), noInvalidDate: true })
  fc.assert(fc.property(instants, fc.constantFrom(...ways), (at, [how, write]) => timeReader(how)(write(at)) === at.toISOString()), { seed: 6, numRuns: 2_000 })
})

t.test('a day of any month is taken when the calendar has it, and only then', async () => {
  const days = fc.record({ year: fc.integer({ min: 1, max: 9999 }), month: fc.integer({ min: 0, max: 13 }), day: fc.integer({ min: 0, max: 32 }) })
  const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  fc.assert(fc.property(days, ({ year, month, day }) => {
    const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
    const length = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
    return (read(text) === `${text}T00:00:00.000Z`) === (day >= 1 && day <= length)
  }), { seed: 6, numRuns: 5_000 })
})

t.test('the instants of a local time are all at which the clocks of the zone show it', async () => {
  const quarter_ms = 15 * 60_000
  const zones = fc.constantFrom('Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca', 'Asia/Kathmandu', 'UTC')
  const quarters = fc.integer({ min: Date.UTC(1990, 0, 1) / quarter_ms, max: Date.UTC(2030, 0, 1) / quarter_ms })
  fc.assert(fc.property(zones, quarters, (name, quarter) => {
    const zone = zoneOf(name) as (epoch_ms: number) => number
    const shown = (epoch_ms: number) => epoch_ms + zone(epoch_ms)
    const local_ms = quarter * quarter_ms
    const all = Array.from({ length: 2 * 26 * 4 + 1 }, (_, n) => local_ms + (n - 26 * 4) * quarter_ms).filter((instant) => shown(instant) === local_ms)
    return JSON.stringify(instantsAt(local_ms, zone)) === JSON.stringify(all)
  }), { seed: 6, numRuns: 150 })
})
