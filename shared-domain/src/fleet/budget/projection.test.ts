import t from 'tap'
import { projection } from './projection.ts'

const day = { window: 'day', start: '2030-01-01T00:00:00.000Z', limit: 1_000_000 } as const

t.test('F-85 what goes on as so far is projected to the end of its window', async (t) => {
  const at = '2030-01-01T06:00:00.000Z'
  t.strictSame(projection({ ...day, used: 400_000, at }), { projected: 1_600_000, exhaustsAt: '2030-01-01T15:00:00.000Z' })
  t.strictSame(projection({ ...day, used: 250_000, at }), { projected: 1_000_000, exhaustsAt: null }, 'at the end is not before it')
  t.strictSame(projection({ ...day, used: 0, at }), { projected: 0, exhaustsAt: null })
  t.strictSame(projection({ ...day, used: 400_000, limit: null, at }), { projected: 1_600_000, exhaustsAt: null })
  t.strictSame(projection({ ...day, used: 1_200_000, at }), { projected: 4_800_000, exhaustsAt: '2030-01-01T05:00:00.000Z' })
})

t.test('F-85 nothing is projected before one percent of the window has passed', async (t) => {
  const hour = { ...day, window: 'hour', used: 1_000 } as const
  t.strictSame(projection({ ...hour, at: '2030-01-01T00:00:35.999Z' }), { projected: null, exhaustsAt: null })
  t.strictSame(projection({ ...hour, at: '2030-01-01T00:00:36.000Z' }), { projected: 100_000, exhaustsAt: null })
  t.strictSame(projection({ ...hour, at: hour.start }), { projected: null, exhaustsAt: null })
})
