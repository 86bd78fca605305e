const day_ms = 86_400_000

/** The last so many days of UTC, today last, as the API writes them. */
export const lastDays = (count: number, now_ms: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => new Date(now_ms - (count - 1 - n) * day_ms).toISOString().slice(0, 10))

export interface Day { readonly day: string; readonly created: number; readonly started: number; readonly completed: number; readonly failed: number; readonly cancelled: number; readonly on_time: number; readonly sla_met: number; readonly sla_violated: number; readonly delegated_in: number; readonly delegated_out: number; readonly handed_in: number; readonly handed_out: number; readonly total_duration_ms: number; readonly cost: number; readonly tokens: number; readonly rated: number; readonly rating_sum: number }

/** Values day by day; a day without a row is a day on which nothing happened. */
export const overDays = (days: readonly string[], rows: readonly Day[], value: (row: Day) => number): readonly number[] => {
  const byDay = new Map(rows.map((row) => [row.day, row]))
  return days.map((day) => {
    const row = byDay.get(day)
    return row ? value(row) : 0
  })
}

/** How it did in all of these days; a share of nothing is unknown. */
export function sums(rows: readonly Day[]) {
  const sum = (value: (row: Day) => number) => rows.reduce((total, row) => total + value(row), 0)
  const [completed, failed, duration] = [sum((row) => row.completed), sum((row) => row.failed), sum((row) => row.total_duration_ms)]
  return {
    completed, failed, cancelled: sum((row) => row.cancelled), met: sum((row) => row.sla_met), violated: sum((row) => row.sla_violated),
    in: sum((row) => row.delegated_in + row.handed_in), out: sum((row) => row.delegated_out + row.handed_out), tokens: sum((row) => row.tokens), cost: sum((row) => row.cost),
    share: completed + failed > 0 ? completed / (completed + failed) : undefined, each_ms: completed > 0 ? duration / completed : undefined,
    rating: sum((row) => row.rated) > 0 ? sum((row) => row.rating_sum) / sum((row) => row.rated) : undefined,
  }
}
