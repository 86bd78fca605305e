import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hour_ms } from 'shared-domain/kernel/time.ts'
import { backs, groupMoves, incidents, requests, standings, type Wanted } from './deadlines.ts'

const data = join(import.meta.dirname, '../../journeys/data')

/** The hours that each priority has, as long as nobody sets others. */
const hours: Readonly<Record<string, number>> = { CRITICAL: 1, HIGH: 24, MEDIUM: 168 }

/** As it is counted by hand. */
function counted(wanted: readonly Wanted[], priority: string) {
  const some = wanted.filter((one) => one.priority === priority)
  const by = ({ deadline, createdAt }: Wanted) => Date.parse(deadline ?? createdAt) + (deadline ? 0 : hours[priority]! * hour_ms)
  const ended = some.filter(({ endedAt }) => endedAt !== undefined)
  const met = ended.filter((one) => Date.parse(one.endedAt!) <= by(one)).length
  return { priority, met, missed: ended.length - met, open: some.length - ended.length }
}

t.test('W-50 requests to a city meet or miss their targets as they are recorded', async (t) => {
  const wanted = requests(join(data, 'boston-311.csv'))
  t.strictSame(standings(wanted), [counted(wanted, 'MEDIUM')])
  t.strictSame(standings(wanted), [{ priority: 'MEDIUM', met: 256, missed: 55, open: 26 }])
})

t.test('W-50 incidents meet or miss the deadline of the priority that they had first', async (t) => {
  const file = join(data, 'itsm-outcomes.csv')
  const wanted = incidents(file, file)
  t.strictSame(standings(wanted), ['CRITICAL', 'HIGH', 'MEDIUM'].map((priority) => counted(wanted, priority)), 'and what is LOW has none')
  t.ok(standings(wanted).every(({ met, missed }) => met > 0 && missed > 10))
})

t.test('W-44 incidents go from group to group, and some come back within a day', async (t) => {
  const moves = groupMoves(join(data, 'itsm-incidents.csv'))
  const rows = readFileSync(join(data, 'itsm-incidents.csv'), 'utf8').trim().split('\n').length - 1
  t.strictSame([rows, ...backs(moves)], [299, 39, 2, 0])
  const at = (hour: number) => new Date(Date.UTC(2030, 0, 1, hour)).toISOString()
  const there = (hour: number, from = 'a', to = 'b') => ({ task: 'one', from, to, at: at(hour) })
  t.strictSame(backs([there(0), there(1, 'b', 'a'), there(2), there(3, 'b', 'a')]), [4, 3, 1])
  t.strictSame(backs([there(0), there(24, 'b', 'a')]), [2, 0, 0], 'a day later it is none')
})
