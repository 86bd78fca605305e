import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tables } from './supplying.ts'

const holidaysOf = (country: string, year: number, region: string | null = null) => tables.publicHolidays!({ country, region, year })

t.test('R-2 the table of public holidays says whose it is, and knows nothing of what nobody knows', async (t) => {
  const { found, library, version } = await holidaysOf('DE', 2030)
  t.match([library, version], ['date-holidays', /^\d+\.\d+\.\d+$/])
  t.strictSame(found.map(({ date }: { date: string }) => date), [
    '2030-01-01', '2030-04-19', '2030-04-22', '2030-05-01', '2030-05-30', '2030-06-10', '2030-10-03', '2030-12-25', '2030-12-26',
  ])
  const inBerlin = (await holidaysOf('DE', 2030, 'BE')).found
  t.match(inBerlin.filter(({ date }: { date: string }) => date === '2030-03-08'), [{ name: String }])
  for (const [country, region] of [['XX', null], ['DE', 'XX'], ['XX', 'BE']] as const) t.equal((await holidaysOf(country, 2030, region)).found, null)
})

t.test('R-2 public holidays of six countries are found as a list of others has them, but for two', async (t) => {
  const lines = readFileSync(join(import.meta.dirname, '../../infra/journeys/data/public-holidays.csv'), 'utf8').trim().split('\n').slice(1)
  const listed = Map.groupBy(lines.map((line) => line.split(',') as [string, string]), ([country]) => country)
  const found = new Map<string, string>()
  for (const [country, days] of listed) {
    const own = new Set<string>()
    for (let year = 2010; year <= 2026; year++) for (const { date } of (await holidaysOf(country, year)).found) own.add(date)
    found.set(country, `${days.filter(([, date]) => own.has(date)).length} of ${days.length}`)
  }
  t.strictSame(Object.fromEntries(found), { DE: '154 of 154', FR: '187 of 187', MX: '121 of 122', NO: '203 of 203', NZ: '202 of 202', PL: '222 of 223' })
})
