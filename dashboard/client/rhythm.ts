/** How many work throughout an hour, as `GET /coverage` says it. */
export interface Hour { readonly from: string; readonly orchestrators: number; readonly slots: number }

export interface Cell { readonly from: string; readonly orchestrators: number; readonly slots: number }
export interface DayRow { readonly day: string; readonly cells: readonly (Cell | undefined)[] }

/** Hours by the viewer's days: a row a day, a place an hour. Where clocks go back the fuller of two hours of one name is shown. */
export function daysOf(hours: readonly Hour[], local: (at: string) => { readonly day: string; readonly hour: number }): readonly DayRow[] {
  const rows = new Map<string, (Cell | undefined)[]>()
  for (const one of hours) {
    const { day, hour } = local(one.from)
    const cells = rows.get(day) ?? Array.from({ length: 24 }, () => undefined)
    if ((cells[hour]?.slots ?? -1) < one.slots) cells[hour] = one
    rows.set(day, cells)
  }
  return [...rows].map(([day, cells]) => ({ day, cells }))
}

interface Rule { readonly kind: string; readonly time?: string; readonly days?: readonly string[]; readonly day?: number; readonly cron?: string }

/** A rule as people say it; what is of no known kind is shown as it is. */
export function ruleText(rule: Rule): string {
  const { kind, time, days = [], day, cron } = rule
  switch (kind) {
    case 'DAILY': return `daily at ${time}`
    case 'WEEKLY': return `${days.map((one) => one.charAt(0) + one.slice(1, 3).toLowerCase()).join(', ')} at ${time}`
    case 'MONTHLY': return `on day ${day} at ${time}`
    case 'CRON': return `cron ${cron}`
    default: return JSON.stringify(rule)
  }
}
