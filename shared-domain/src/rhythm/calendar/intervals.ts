/** Half-open, in milliseconds since 1970. */
export interface Interval {
  readonly from: number
  readonly to: number
}

/** The same time, disjoint and ascending: what touches is one. */
export function joined(intervals: readonly Interval[]): readonly Interval[] {
  const whole: Interval[] = []
  for (const each of intervals.toSorted((a, b) => a.from - b.from)) {
    const last = whole.at(-1)
    if (!last || last.to < each.from) whole.push(each)
    else if (last.to < each.to) whole[whole.length - 1] = { from: last.from, to: each.to }
  }
  return whole
}

/** What is left of them within these bounds. */
export const cut = (intervals: readonly Interval[], from: number, to: number): readonly Interval[] => intervals
  .map((each) => ({ from: Math.max(from, each.from), to: Math.min(to, each.to) }))
  .filter((each) => each.from < each.to)

/** What is left of them where none of the others are. */
export function without(intervals: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  let left = intervals
  for (const other of others) left = left.flatMap((each) => [...cut([each], -Infinity, other.from), ...cut([each], other.to, Infinity)])
  return left
}

export const holds = ({ from, to }: Interval, at: number): boolean => from <= at && at < to
