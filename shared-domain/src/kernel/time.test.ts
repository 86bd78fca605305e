import fc from 'fast-check'
import t from 'tap'
import { TimeZone, Instant, StoredInstant } from '../vocabulary.ts'
import { day_ms, dayOf, elapsed_ms, fromSql, instant, isZone, later } from './time.ts'

t.test('S-64 instants compare as text, and come back from their sums', async () => {
  const moment = fc.integer({ min: Date.parse('1970-01-01T00:00:00Z'), max: Date.parse('2099-12-31T00:00:00Z') })
  fc.assert(fc.property(moment, moment, (one, other) => {
    const [a, b] = [instant(one), instant(other)]
    if ((a < b) !== (one < other)) throw new Error('the order is another')
    if (elapsed_ms(a, b) !== other - one || later(a, other - one) !== b) throw new Error('the sum is wrong')
    if (!StoredInstant.safeParse(a).success) throw new Error(`${a} is not stored like this`)
  }), { seed: 2030, numRuns: 500 })
})

t.test('S-64 an instant is read with any offset and precision, and kept in UTC with milliseconds', async (t) => {
  t.equal(Instant.parse('2030-01-01T01:00:00+01:00'), '2030-01-01T00:00:00.000Z')
  t.equal(Instant.parse('2030-01-01T00:00:00.123456Z'), '2030-01-01T00:00:00.123Z')
  for (const wrong of ['2030-01-01', '2030-13-01T00:00:00Z', 'now', '2030-01-01T00:00:00']) t.notOk(Instant.safeParse(wrong).success, wrong)
})

t.test('S-64 what SQL says of an instant is read in every year, whatever the offset of the session', async (t) => {
  const first = Date.parse('0001-01-01T00:00:00Z')
  const moment = fc.integer({ min: first, max: Date.parse('9999-12-31T23:59:59.999Z') })
  const offset_s = fc.integer({ min: -15 * 3_600, max: 15 * 3_600 })
  const two = (n: number) => String(n).padStart(2, '0')
  const asSql = (at: number, offset_s: number) => {
    const there = new Date(at + offset_s * 1_000)
    const year = there.getUTCFullYear()
    const rest = there.toISOString().slice(-20, -1).replace('T', ' ')
    const [size, sign] = [Math.abs(offset_s), offset_s < 0 ? '-' : '+']
    const offset = `${sign}${two(Math.trunc(size / 3_600))}:${two(Math.trunc(size / 60) % 60)}:${two(size % 60)}`
    return `${String(year > 0 ? year : 1 - year).padStart(4, '0')}${rest}${offset.replace(/(:00){1,2}$/, '')}${year > 0 ? '' : ' BC'}`
  }
  fc.assert(fc.property(moment, offset_s, (at, offset) => {
    if (fromSql(asSql(at, offset)) !== instant(at)) throw new Error(`${asSql(at, offset)} is read as ${fromSql(asSql(at, offset))}`)
  }), { seed: 2030, numRuns: 2_000, examples: [[first, -17_762], [first, 0], [Date.parse('0099-12-31T23:59:59.999Z'), 3_600]] })
  t.equal(fromSql('0001-01-01 00:00:00+00'), '0001-01-01T00:00:00.000Z')
  t.equal(fromSql('2030-01-01 00:00:00.5-00:30'), '2030-01-01T00:30:00.500Z')
  t.equal(fromSql('2030-01-01 00:00:00.123956+00'), '2030-01-01T00:00:00.123Z', 'microseconds are left out')
  for (const wrong of ['2030-01-01', '01/02/2030 00:00:00+00', 'infinity', '2030-01-01T00:00:00.000Z', ''])
    t.throws(() => fromSql(wrong), /is not an instant as SQL writes it/, wrong)
})

t.test('S-21 the day that it is depends on where one is', async (t) => {
  const at = '2030-01-01T12:00:00.000Z'
  const days = { UTC: '2030-01-01', 'Pacific/Kiritimati': '2030-01-02', 'Pacific/Pago_Pago': '2030-01-01', 'Asia/Tokyo': '2030-01-01' }
  for (const [zone, day] of Object.entries(days)) t.equal(dayOf(at, zone), day, zone)
  t.equal(dayOf(at), '2030-01-01')
  t.equal(dayOf(later(at, -day_ms), 'Pacific/Pago_Pago'), '2029-12-31')
  // The clocks go forward in Berlin at 01:00 UTC on 31 March 2030: that day begins at 23:00 UTC and ends at 22:00.
  const berlin = {
    '2030-03-30T22:59:59.999Z': '2030-03-30', '2030-03-30T23:00:00.000Z': '2030-03-31',
    '2030-03-31T21:59:59.999Z': '2030-03-31', '2030-03-31T22:00:00.000Z': '2030-04-01',
  }
  for (const [at, day] of Object.entries(berlin)) t.equal(dayOf(at, 'Europe/Berlin'), day, at)
})

t.test('S-30 a time zone is an IANA one', async (t) => {
  for (const zone of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires'])
    t.ok(isZone(zone) && TimeZone.safeParse(zone).success, zone)
  for (const zone of ['', 'Mars/Olympus', 'x'.repeat(100)]) t.notOk(isZone(zone), zone)
})
