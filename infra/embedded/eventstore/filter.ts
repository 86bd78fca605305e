import type { Store } from './contract.ts'
import { invalid } from './wire/errors.ts'
import type { Expression, FilterWish } from './wire/read.ts'

/** Streams of the server's own that `$all` never shows. */
const isHidden = (stream: string) =>
  stream === '$epoch-information' || (stream.startsWith('$persistentsubscription-$all::') && /-(?:checkpoint|parked)$/.test(stream))

/** Which events of `$all` are shown, by ordinal. */
export type Shows = (ordinal: number) => boolean

/** Decides once per distinct stream name or event type and remembers it: a costly pattern costs little, and nothing is read from disk. */
function remembered(keyOf: (ordinal: number) => number, decide: (ordinal: number) => boolean): Shows {
  const known: (boolean | undefined)[] = []
  return (ordinal) => (known[keyOf(ordinal)] ??= decide(ordinal))
}

function matcher({ regex, prefixes }: Expression): (text: string) => boolean {
  if (regex === '') return (text) => prefixes.some((prefix) => text.startsWith(prefix))
  try {
    const pattern = new RegExp(regex)
    return (text) => pattern.test(text)
  } catch (error) {
    throw invalid(`The filter is not a regular expression: ${(error as Error).message}`)
  }
}

export function showing(store: Store, filter: FilterWish | undefined): Shows {
  const isVisible = remembered((ordinal) => store.streamKey(ordinal), (ordinal) => !isHidden(store.entry(ordinal).stream))
  if (!filter) return isVisible
  if (filter.expression.regex === '' && filter.expression.prefixes.length === 0) throw invalid('The filter says neither a pattern nor a prefix.')
  const matches = matcher(filter.expression)
  const isWanted = filter.on === 'stream'
    ? remembered((ordinal) => store.streamKey(ordinal), (ordinal) => matches(store.entry(ordinal).stream))
    : remembered((ordinal) => store.typeKey(ordinal), (ordinal) => matches(store.entry(ordinal).type))
  return (ordinal) => isVisible(ordinal) && isWanted(ordinal)
}
