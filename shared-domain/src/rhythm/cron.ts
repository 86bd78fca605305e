interface Field {
  readonly first: number
  readonly last: number
  /** Of what may be named: from which number on. */
  readonly names?: { readonly from: number; readonly words: readonly string[] }
  /** What may stand there besides numbers and ranges. */
  readonly own?: (item: string) => boolean
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const weekday: Field = {
  first: 0, last: 7, names: { from: 0, words: weekdays },
  own(item) {
    const [, day, nth] = /^(\w+)#([1-5])$/.exec(item) ?? []
    return nth !== undefined && numberIn(weekday, day!) !== undefined
  },
}

const fields: readonly Field[] = [
  { first: 0, last: 59 },
  { first: 0, last: 23 },
  { first: 1, last: 31, own: (item) => item === 'L' },
  { first: 1, last: 12, names: { from: 1, words: months } },
  weekday,
]

function numberIn({ first, last, names }: Field, word: string): number | undefined {
  const named = names?.words.indexOf(word) ?? -1
  const value = named >= 0 ? names!.from + named : /^\d{1,2}$/.test(word) ? Number(word) : NaN
  return value >= first && value <= last ? value : undefined
}

/** Sunday ends a week as well as it begins one. */
const endIn = (field: Field, word: string) => (field === weekday && word === 'SUN' ? 7 : numberIn(field, word))

function isRange(field: Field, range: string): boolean {
  if (range === '*') return true
  const [, from = '', to = ''] = /^(\w+)-(\w+)$/.exec(range) ?? []
  const [lower, upper] = [numberIn(field, from), endIn(field, to)]
  return lower !== undefined && upper !== undefined && lower <= upper
}

/** A week has seven days, by however many numbers. */
const isStep = (field: Field, step: string) =>
  /^[1-9]\d?$/.test(step) && Number(step) <= field.last - field.first + (field === weekday ? 0 : 1)

function isItem(field: Field, item: string): boolean {
  const [range = '', step, ...more] = item.split('/')
  if (more.length > 0) return false
  if (step !== undefined) return isRange(field, range) && isStep(field, step)
  return isRange(field, range) || numberIn(field, range) !== undefined || field.own?.(range) === true
}

/** The fields of a pattern, in capitals. */
export const fieldsOf = (pattern: string): readonly string[] => pattern.trim().toUpperCase().split(/\s+/)

/**
 * Whether it is a pattern of minute, hour, day, month and weekday as people have written them for fifty years: no more than that, so that
 * nobody has to guess what it means.
 */
export function isCron(pattern: string): boolean {
  const parts = fieldsOf(pattern)
  return parts.length === fields.length && parts.every((part, index) => part.split(',').every((item) => isItem(fields[index]!, item)))
}
