import { elapsed_ms, later, type Instant } from '../../kernel/time.ts'
import { endOf, type Window } from './windows.ts'

/** What is used of a limit in a window, and when it is looked at. */
interface Usage {
  readonly window: Window
  readonly start: Instant
  readonly used: number
  readonly limit: number | null
  readonly at: Instant
}

interface Projection {
  readonly projected: number | null
  readonly exhaustsAt: Instant | null
}

/** Before so much of a window has passed, nothing can be said of the rest. */
const told_from = 0.01

/** How much will have been used at the end of the window, and when the limit is reached, if it goes on as so far. */
export function projection({ window, start, used, limit, at }: Usage): Projection {
  const end = endOf(window, start)
  const [whole, elapsed] = [elapsed_ms(start, end), elapsed_ms(start, at)]
  if (elapsed < told_from * whole) return { projected: null, exhaustsAt: null }
  const projected = Math.round((used * whole) / elapsed)
  const reached = limit === null || used === 0 ? Infinity : (elapsed * limit) / used
  return { projected, exhaustsAt: reached < whole ? later(start, Math.round(reached)) : null }
}
