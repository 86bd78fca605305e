import t from 'tap'
import { nextOf, sweepId, type Sweep } from './sweep.ts'

const sweep = { name: 'clean', over: { from: { key: ['room', 'floor'] } } } as unknown as Sweep
const row = { room: 'a', floor: 1 }

t.test('R-34 it is time at each multiple of the period, and never twice at one', async (t) => {
  const next = (now: string, every_s: number) => nextOf({ every_s }, Date.parse(now))
  t.equal(next('2030-01-01T00:00:00.001Z', 60), '2030-01-01T00:01:00.000Z')
  t.equal(next('2030-01-01T00:00:59.999Z', 60), '2030-01-01T00:01:00.000Z')
  t.equal(next('2030-01-01T00:01:00.000Z', 60), '2030-01-01T00:02:00.000Z')
  t.equal(next('2030-01-01T10:00:00.000Z', 86_400), '2030-01-02T00:00:00.000Z')
})

t.test('R-34 a row has one command an instant, whoever sends it', async (t) => {
  const id = (organization: string, of: object, at: string) => sweepId(sweep, organization, of as never, at)
  t.equal(id('acme', row, 'now'), id('acme', { ...row }, 'now'))
  const others = [id('other', row, 'now'), id('acme', { ...row, floor: 2 }, 'now'), id('acme', row, 'then')]
  t.equal(new Set([id('acme', row, 'now'), ...others]).size, 4)
})
