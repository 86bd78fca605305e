const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
/** Where it is UTC anyway nothing need stand beside. */
export const isUtc = ['UTC', 'Etc/UTC', 'GMT'].includes(zone)

const clockIn = (timeZone?: string) => new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', ...(timeZone ? { timeZone } : {}) })
const dayIn = (timeZone?: string) => new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', ...(timeZone ? { timeZone } : {}) })
const [localClock, localDay, utcClock, utcDay] = [clockIn(), dayIn(), clockIn('UTC'), dayIn('UTC')]

/** An instant in the viewer's zone; the day only where it is another than today's. */
export function local(at: string, now_ms: number): string {
  const date = new Date(at)
  const day = localDay.format(date)
  return day === localDay.format(now_ms) ? localClock.format(date) : `${day} ${localClock.format(date).slice(0, 5)}`
}

export function utc(at: string, now_ms: number): string {
  const date = new Date(at)
  const day = utcDay.format(date)
  return day === utcDay.format(now_ms) ? `${utcClock.format(date)}Z` : `${day} ${utcClock.format(date).slice(0, 5)}Z`
}

/** Both in full, for whoever asks. */
export const inFull = (at: string): string => {
  const date = new Date(at)
  return `${localDay.format(date)} ${localClock.format(date)} ${zone}${isUtc ? '' : `, ${utcDay.format(date)} ${utcClock.format(date)} UTC`}`
}

const units = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1_000]] as const

/** 3 d 4 h, 12 min, 8 s: two units at most, the second only where the first is small. */
export function duration(ms: number): string {
  const size = Math.abs(ms)
  const at = units.findIndex(([, unit]) => size >= unit)
  if (at < 0) return size < 1 ? '0 s' : '< 1 s'
  const [name, unit] = units[at]!
  const count = Math.floor(size / unit)
  const [smaller, part] = units[at + 1] ?? []
  const rest = part && count < 10 && name !== 'min' ? Math.floor((size - count * unit) / part) : 0
  return `${count} ${name}${rest > 0 ? ` ${rest} ${smaller}` : ''}`
}

export function ago(at: string, now_ms: number): string {
  const ms = now_ms - Date.parse(at)
  return Math.abs(ms) < 1_000 ? 'now' : ms < 0 ? `in ${duration(ms)}` : `${duration(ms)} ago`
}

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })
export const number = (value: number | bigint) => plain.format(value)
export const percent = (share: number) => `${Math.round(share * 1_000) / 10} %`

/** Positions are long; groups of three are read. */
export const position = (text: string) => text.replace(/\B(?=(\d{3})+$)/g, ' ')

export const shortId = (id: string) => (/^[0-9a-f]{8}-/.test(id) ? id.slice(-8) : id)

/** IN_PROGRESS as in progress, task_approval as task approval. */
export const spaced = (word: string) => word.replaceAll('_', ' ').toLowerCase()

/** TaskSlaViolated as Task sla violated. */
export const sentence = (type: string) => {
  const words = type.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().replace(/\b(sla|api|id)\b/g, (word) => word.toUpperCase())
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export const plural = (count: number, one: string, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`
