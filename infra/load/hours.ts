/**
 * What work hours cost: `npx node infra/load/hours.ts [--calendars 2000] [--seconds 2]`. Calendars of every zone with two slots a workday,
 * a break and ten holidays; warm, whether one is open now, again and again; cold, when calendars that nobody asked before open next.
 */
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { Calendar } from 'shared-domain/rhythm/calendar/calendar.ts'
import { isOpen, nextOpen } from 'shared-domain/rhythm/calendar/hours.ts'
import { days } from 'shared-domain/rhythm/calendar/slots.ts'
import { hour_ms, minute_ms } from 'shared-domain/kernel/time.ts'
import { dateAfter } from 'shared-domain/kernel/zone.ts'
import { percentile } from './measure.ts'

const { values } = parseArgs({ options: { calendars: { type: 'string', default: '2000' }, seconds: { type: 'string', default: '2' } } })
const [count, slice_ms] = [Number(values.calendars), Number(values.seconds) * 1_000]

const zones = Intl.supportedValuesOf('timeZone')
const two = (n: number) => String(n).padStart(2, '0')

/** No two have the same hours, so that the boundaries of one are not those of another. */
function calendar(no: number): Calendar {
  const minute = two(no % 60)
  const slots = [{ start: `08:${minute}`, end: `12:${minute}` }, { start: `13:${minute}`, end: `17:${minute}` }]
  return {
    zone: zones[no % zones.length]!,
    weekly: Object.fromEntries(days.slice(0, 5).map((day) => [day, slots])),
    breaks: [{ days: [...days], start: `10:${minute}`, end: `10:${two((no + 15) % 60)}` }],
    holidays: new Map(Array.from({ length: 10 }, (_, day) => [dateAfter('2026-01-01', day * 31 + (no % 28)), []])),
    overrides: [],
  }
}

/** Calls a second of wall time, and microseconds of processor time a call. */
function measured(what: string, floor: number, run: () => number) {
  const [began_ms, cpu] = [performance.now(), process.cpuUsage()]
  const calls = run()
  const [took_ms, { user, system }] = [performance.now() - began_ms, process.cpuUsage(cpu)]
  const rate = Math.round((calls / took_ms) * 1_000)
  console.log(`${what}: ${rate.toLocaleString('en')}/s, ${((user + system) / calls).toFixed(2)} us of processor time each; wanted ${floor.toLocaleString('en')}/s, ${(rate / floor).toFixed(1)} of it`)
}

console.log(`${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}, tz ${process.versions['tz']}`)
const start = Date.parse('2026-02-02T00:00:00Z')
const took_ms: number[] = []
measured(`cold nextOpen of ${count} calendars`, 500, () => {
  for (let no = 0; no < count; no++) {
    const began_ms = performance.now()
    nextOpen(calendar(no), start + no * 37 * minute_ms)
    took_ms.push(performance.now() - began_ms)
  }
  return count
})
console.log(`  p50 ${percentile(took_ms, 0.5).toFixed(2)} ms, p99 ${percentile(took_ms, 0.99).toFixed(2)} ms`)

const hundred = Array.from({ length: 100 }, (_, no) => calendar(no))
for (const each of hundred) isOpen(each, start)
measured('warm isOpen of 100 calendars', 100_000, () => {
  const end_ms = performance.now() + slice_ms
  let calls = 0
  while (performance.now() < end_ms) for (const each of hundred) isOpen(each, start + (calls++ % 24) * hour_ms)
  return calls
})
