import fc from 'fast-check'
import t from 'tap'
import { offsetChanges as changes, type OffsetChange } from './testing-offsets.ts'
import { instant, minute_ms } from './time.ts'
import { boundaryOf, boundary_ms, dateAfter, dateOf, isNamedZone, isSkipped, passesOf, wallOf, weekdayOf } from './zone.ts'

const shownAs = (wall_ms: number) => instant(wall_ms).slice(0, -1)
const isKnown = ({ zone, at, before_ms, after_ms }: OffsetChange) =>
  wallOf(zone, at - 1) === shownAs(at - 1 + before_ms) && wallOf(zone, at) === shownAs(at + after_ms)

t.test('R-10 R-80 the clocks of every zone change when the tz database says so', async (t) => {
  t.equal(changes.length, 595)
  // A new law, which the database has since the version from which the list was made: of 2026c these are not.
  const later = ['2027-02-07', '2027-03-14', '2028-01-23', '2028-03-05'].map((day) => `Africa/Casablanca ${day}T02:00:00.000Z`)
  const unknown = changes.filter((change) => !isKnown(change)).map(({ zone, at }) => `${zone} ${instant(at)}`)
  if (process.versions['tz'] === '2026c') t.strictSame(unknown, later)
  t.strictSame(unknown.filter((change) => !later.includes(change)), [])
})

t.test('R-10 R-80 a boundary shows its wall time, or is the change that jumped over it, and comes in the first pass', async () => {
  for (const change of changes.filter(isKnown)) {
    const { zone, at, before_ms, after_ms } = change
    const [jump_ms, back_ms] = [Math.max(0, after_ms - before_ms), Math.max(0, before_ms - after_ms)]
    const size_ms = jump_ms + back_ms
    for (const by of [-1, 0, size_ms / 2, size_ms - 1, size_ms]) {
      // Counted from where the jump, or what is shown twice, begins on the wall.
      const wall = at + Math.min(before_ms, after_ms) + by
      const [early, late] = [wall - before_ms, wall - after_ms]
      const passes = by < 0 ? [early] : by < jump_ms ? [] : by < back_ms ? [early, late] : [late]
      const found = [boundary_ms(zone, shownAs(wall)), ...passesOf(zone, shownAs(wall))]
      const expected = [passes[0] ?? at, ...passes.map(instant)]
      if (String(found) !== String(expected)) throw new Error(`${zone} ${instant(at)} ${shownAs(wall)}: ${found}, not ${expected}`)
    }
  }
})

t.test('R-10 before a boundary the clocks have not shown its time, from there on they have', async () => {
  const zone = fc.constantFrom(...new Set(changes.map(({ zone }) => zone)), 'UTC', 'Asia/Tokyo', 'Asia/Kathmandu')
  const minute = fc.integer({ min: Date.parse('2010-01-01') / minute_ms, max: Date.parse('2028-12-31') / minute_ms })
  fc.assert(fc.property(zone, minute, (zone, minute) => {
    const local = shownAs(minute * minute_ms)
    const at = boundary_ms(zone, local)
    if (wallOf(zone, at) < local || wallOf(zone, at - 1) >= local) throw new Error(`${zone} ${local}: ${instant(at)}`)
    if (boundary_ms(zone, local) !== at) throw new Error('the second time it is another')
  }), { seed: 2026, numRuns: 1_000 })
})

t.test('R-10 R-53 the boundaries of the worked examples', async (t) => {
  const examples = {
    'Europe/Berlin 2026-03-29T02:30': '2026-03-29T01:00', 'Europe/Berlin 2026-10-25T02:30': '2026-10-25T00:30',
    'Australia/Lord_Howe 2026-10-04T02:15': '2026-10-03T15:30', 'Australia/Lord_Howe 2026-10-05T02:15': '2026-10-04T15:15',
    'Pacific/Apia 2011-12-30T06:00': '2011-12-30T10:00', 'Pacific/Apia 2011-12-31T12:00': '2011-12-30T22:00',
    'America/Sao_Paulo 2018-11-04T00:00': '2018-11-04T03:00', 'Africa/Cairo 2026-04-24T00:00': '2026-04-23T22:00',
    'Africa/Cairo 2026-04-25T00:00': '2026-04-24T21:00',
  }
  for (const [local, at] of Object.entries(examples)) {
    const [zone, wall] = local.split(' ') as [string, string]
    t.equal(boundaryOf(zone, wall), `${at}:00.000Z`, local)
  }
  t.strictSame(passesOf('Europe/Berlin', '2026-10-25T02:30'), ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z'])
  t.strictSame(passesOf('Europe/Berlin', '2026-03-29T02:30'), [])
  t.strictSame(passesOf('Europe/Berlin', '2026-03-30T02:30'), ['2026-03-30T00:30:00.000Z'])
})

t.test('R-10 a date is skipped where the clocks jump over all of it', async (t) => {
  t.ok(isSkipped('Pacific/Apia', '2011-12-30'))
  t.notOk(isSkipped('Pacific/Apia', '2011-12-29'))
  t.notOk(isSkipped('America/Sao_Paulo', '2018-11-04'), 'an hour is missing, no more')
  t.equal(dateOf('Pacific/Apia', Date.parse('2011-12-30T09:59:59.999Z')), '2011-12-29')
  t.equal(dateOf('Pacific/Apia', Date.parse('2011-12-30T10:00:00.000Z')), '2011-12-31')
  t.equal(dateAfter('2028-02-28'), '2028-02-29')
  t.equal(dateAfter('2026-01-01', -1), '2025-12-31')
  t.strictSame(['2026-01-12', '2026-01-18', '1969-12-29'].map(weekdayOf), [0, 6, 0], 'weeks begin on Monday')
})

t.test('R-7 a zone is a named one, no offset', async (t) => {
  for (const zone of ['UTC', 'Europe/Berlin', 'america/new_york', 'Etc/GMT+5']) t.ok(isNamedZone(zone), zone)
  for (const zone of ['+01:00', '-05', 'Z', 'GMT+1', '', 'Mars/Olympus', 'x'.repeat(100)]) t.notOk(isNamedZone(zone), zone)
})

t.test('what is remembered of boundaries is bounded, and forgetting changes none', async (t) => {
  const first = boundary_ms('Asia/Kathmandu', '1990-01-01T00:00')
  for (let day = 0; day < 4_100; day++) boundary_ms('Asia/Kathmandu', `${dateAfter('1990-01-01', day)}T00:00`)
  t.equal(boundary_ms('Asia/Kathmandu', '1990-01-01T00:00'), first)
  const zones = Intl.supportedValuesOf('timeZone').slice(0, 70)
  for (const zone of zones) t.equal(wallOf(zone, boundary_ms(zone, '2026-01-15T12:00')), '2026-01-15T12:00:00.000', zone)
})
