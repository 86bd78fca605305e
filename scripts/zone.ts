import { day_ms, isZone } from 'shared-domain/kernel/time.ts'

/** How far local time is ahead of UTC, in milliseconds, at an instant. */
export type Zone = number | ((epoch_ms: number) => number)

const minute_ms = 60_000

/** A zone by its offset (`Z`, `+01`, `+01:00`, `-0800`) or by its IANA name; undefined where there is none such. */
export function zoneOf(text: string): Zone | undefined {
  if (/^z$/i.test(text)) return 0
  const [, sign, hours, minutes = '0'] = /^([+-])(\d{2})(?::?(\d{2}))?$/.exec(text) ?? []
  if (sign !== undefined) {
    if (Number(hours) > 23 || Number(minutes) > 59) return undefined
    return (Number(hours) * 60 + Number(minutes)) * minute_ms * (sign === '-' ? -1 : 1)
  }
  return /^[A-Za-z]/.test(text) && isZone(text) ? ruled(text) : undefined
}

const zones = new Map<string, Zone>()
const zones_max = 50

function ruled(name: string): Zone {
  const known = zones.get(name)
  if (known !== undefined) return known
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: name, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', era: 'short',
  })
  const zone = (epoch_ms: number): number => {
    const at = Object.fromEntries(clock.formatToParts(epoch_ms).map(({ type, value }) => [type, value]))
    const shown = new Date(0)
    shown.setUTCFullYear(at.era === 'BC' ? 1 - Number(at.year) : Number(at.year), Number(at.month) - 1, Number(at.day))
    shown.setUTCHours(Number(at.hour), Number(at.minute), Number(at.second))
    return shown.getTime() - Math.floor(epoch_ms / 1_000) * 1_000
  }
  if (zones.size < zones_max) zones.set(name, zone)
  return zone
}

/** The instants at which clocks show this local time, the earliest first: none where they skip it, two where they show it twice. */
export function instantsAt(local_ms: number, zone: Zone): readonly number[] {
  if (typeof zone === 'number') return [local_ms - zone]
  // No clock is further from UTC than a day, and none is put forward or back twice within two.
  const offsets = new Set([zone(local_ms - day_ms), zone(local_ms + day_ms)])
  return [...offsets].map((offset) => local_ms - offset).filter((instant) => instant + zone(instant) === local_ms).sort((a, b) => a - b)
}
