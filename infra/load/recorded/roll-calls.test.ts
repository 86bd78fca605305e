import { join } from 'node:path'
import t from 'tap'
import { counted, rollCalls } from './roll-calls.ts'

const data = join(import.meta.dirname, '../../journeys/data')
const calls = rollCalls(join(data, 'roll-calls.csv'), join(data, 'roll-call-votes.csv.gz'))

t.test('C-20 C-21 every roll call of a session comes out as its votes are counted by hand, whichever rule is asked for', async (t) => {
  const rules = {
    majority: [{}, ({ yes, no }: { yes: number; no: number }) => yes > no],
    'two thirds': [{ threshold: '2/3' }, ({ yes, no }: { yes: number; no: number }) => yes > 0 && yes * 3 >= (yes + no) * 2],
    'nobody against': [{ threshold: '1/1' }, ({ yes, no }: { yes: number; no: number }) => yes > 0 && no === 0],
  } as const
  for (const [name, [rule, passes]] of Object.entries(rules)) {
    const differing = calls.filter((call) => counted(call, rule) !== (passes(call) ? 'approved' : 'rejected'))
    t.strictSame(differing.map(({ name }) => name), [], name)
  }
  t.strictSame([calls.length, calls[0]!.electors.length], [43, 54])
})
