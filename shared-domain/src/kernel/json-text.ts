/** The way to a place in a JSON value: names and indices. */
export type Path = readonly (string | number)[]

/** A number as it is written: its digits without zeros at their ends, the power of ten of the first, and how many were said. */
function magnitudeOf(numeral: string) {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(numeral) ?? []
  const said = (whole + fraction).replace(/^0+/, '')
  return { digits: said.replace(/0+$/, ''), power: Number(exponent) + said.length - fraction.length, said: said.length }
}

const digits_max = 100
/** So many are told. */
const found_max = 20

/**
 * Whether a number, as it is written in JSON, is the same after JavaScript has read it: it writes the same number, or as many digits as
 * were said are those that were said.
 */
export function isKept(numeral: string): boolean {
  const { digits, power, said } = magnitudeOf(numeral)
  if (digits === '') return true
  const read = Number(numeral)
  if (!Number.isFinite(read) || read === 0 || said > digits_max) return false
  return [String(read), read.toExponential(said - 1)].some((written) => {
    const back = magnitudeOf(written)
    return back.digits === digits && back.power === power
  })
}

/** Fifteen digits and two of the exponent are kept by every number: only what may say more is worth a second look. */
const mayLose = /(?:\d\.?){16}|\d[eE][+-]?\d{3}/

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]|-?\d[\d.eE+-]*/g

/** Where numbers of a JSON text stand that JavaScript would alter, the first ones. The text is JSON; how deep does not matter. */
export function lostNumbers(text: string): readonly Path[] {
  if (!mayLose.test(text)) return []
  const found: Path[] = []
  const way: (string | number)[] = []
  /** Of every object and list that is open: whether it is an object whose next text is a name. */
  const wantsName: (boolean | undefined)[] = []
  for (const [token] of text.matchAll(tokens)) {
    const inner = wantsName.length - 1
    if (token === '{' || token === '[') {
      wantsName.push(token === '{' ? true : undefined)
      way.push(token === '{' ? '' : 0)
    } else if (token === '}' || token === ']') {
      wantsName.pop()
      way.pop()
    } else if (token === ',') {
      if (wantsName[inner] === undefined) way[inner] = Number(way[inner]) + 1
      else wantsName[inner] = true
    } else if (token.startsWith('"')) {
      if (wantsName[inner] !== true) continue
      way[inner] = JSON.parse(token) as string
      wantsName[inner] = false
    } else if (!isKept(token)) found.push([...way])
    if (found.length === found_max) break
  }
  return found
}

/** Where a value holds a text that no store of events or rows keeps: with NUL, or with half of a surrogate pair. Names count, too. */
export function unstorable(value: unknown): Path | undefined {
  const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')
  const open: { readonly value: unknown; readonly path: Path }[] = [{ value, path: [] }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path } = next
    if (typeof value === 'string' && !isStorable(value)) return path
    if (typeof value !== 'object' || value === null) continue
    for (const [name, member] of Object.entries(value)) {
      if (!isStorable(name)) return path
      open.push({ value: member, path: [...path, name] })
    }
  }
  return undefined
}
