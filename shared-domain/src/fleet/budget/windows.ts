import { z } from 'zod'
import { day_ms, hour_ms, instant, later, type Instant } from '../../kernel/time.ts'

export const units = ['tokens', 'cost'] as const
export const windows = ['hour', 'day', 'month'] as const

export const Unit = z.enum(units)
export const Window = z.enum(windows)
export type Unit = z.output<typeof Unit>
export type Window = z.output<typeof Window>

/** Sums of a month stay far below what a number can hold exactly. */
const amount_max = 1_000_000_000

const Whole = z.int().min(0).max(amount_max)

/** What is wished for or booked at once; costs are micro-units. */
export const Amount = z.object({ tokens: Whole, cost: Whole })
export type Amount = Readonly<Record<Unit, number>>

export const none: Amount = { tokens: 0, cost: 0 }

const each = (of: (unit: Unit) => number): Amount => ({ tokens: of('tokens'), cost: of('cost') })

export const sum = (a: Amount, b: Amount): Amount => each((unit) => a[unit] + b[unit])
/** What is left of one when the other is taken away, which may be more. */
export const rest = (a: Amount, b: Amount): Amount => each((unit) => Math.max(0, a[unit] - b[unit]))

/** How much of an instant's text names the window of UTC that it is in. */
const named = { hour: 13, day: 10, month: 7 } as const
const first = '0001-01-01T00:00:00.000Z'

export const startOf = (window: Window, at: Instant): Instant => at.slice(0, named[window]) + first.slice(named[window])

export const endOf = (window: Window, start: Instant): Instant => {
  if (window === 'month') return startOf('month', later(start, 31 * day_ms))
  return later(start, window === 'day' ? day_ms : hour_ms)
}

/** A month of UTC as the name of a ledger: `203001`. */
export const Month = z.string().regex(/^(?!0000)\d{4}(0[1-9]|1[0-2])$/, { error: 'is not a month such as 203001' })

export const monthOf = (at: Instant): string => at.slice(0, 4) + at.slice(5, 7)
export const startOfMonth = (month: string): Instant => `${month.slice(0, 4)}-${month.slice(4)}${first.slice(named.month)}`

/** The last instant of the month that has begun so. */
export const lastOf = (start: Instant): Instant => instant(Date.parse(endOf('month', start)) - 1)
