import type { Store } from './contract.ts'
import { invalid } from './wire/errors.ts'
import type { FilterWish } from './wire/read.ts'

/** Streams of the server's own that `$all` never shows. */
const isHidden = (stream: string) =>
  stream === '$epoch-information' || (stream.startsWith('$persistentsubscription-$all::') && /-(?:checkpoint|parked)$/.test(stream))

/** Which events of `$all` are shown, by ordinal. */
export type Shows = (ordinal: number) => boolean

const [yes, no] = [1, 2]

/** Decides once per distinct stream name or event type and remembers it in a byte. */
function remembered(keyOf: (ordinal: number) => number, decide: (ordinal: number) => boolean): Shows {
  let known = new Uint8Array(1_024)
  return (ordinal) => {
    const key = keyOf(ordinal)
    if (key >= known.length) {
      const more = new Uint8Array(2 * key)
      more.set(known)
      known = more
    }
    return (known[key] ||= decide(ordinal) ? yes : no) === yes
  }
}

/** What is remembered, for as long as somebody asks: whoever asks the same shares it. */
const shared = new WeakMap<Store, Map<string, WeakRef<Shows>>>()

function sharing(store: Store, question: string, make: () => Shows): Shows {
  const answers = shared.get(store) ?? new Map<string, WeakRef<Shows>>()
  shared.set(store, answers)
  const known = answers.get(question)?.deref()
  if (known) return known
  for (const [other, answer] of answers) if (!answer.deref()) answers.delete(other)
  const made = make()
  answers.set(question, new WeakRef(made))
  return made
}

/** A pattern may be costly, so it is matched once per name; a prefix is cheaper than to remember what came of it. */
function matching(store: Store, { on, expression: { regex, prefixes } }: FilterWish): Shows {
  const textOf = on === 'stream' ? (ordinal: number) => store.entry(ordinal).stream : (ordinal: number) => store.entry(ordinal).type
  if (regex === '') {
    if (prefixes.length === 0) throw invalid('The filter says neither a pattern nor a prefix.')
    return (ordinal) => prefixes.some((prefix) => textOf(ordinal).startsWith(prefix))
  }
  const pattern = compiled(regex)
  const keyOf = on === 'stream' ? (ordinal: number) => store.streamKey(ordinal) : (ordinal: number) => store.typeKey(ordinal)
  return sharing(store, `${on} ${regex}`, () => remembered(keyOf, (ordinal) => pattern.test(textOf(ordinal))))
}

function compiled(regex: string): RegExp {
  try {
    return new RegExp(regex)
  } catch (error) {
    throw invalid(`The filter is not a regular expression: ${(error as Error).message}`)
  }
}

export function showing(store: Store, filter: FilterWish | undefined): Shows {
  const isVisible = sharing(store, 'visible', () =>
    remembered((ordinal) => store.streamKey(ordinal), (ordinal) => !isHidden(store.entry(ordinal).stream)))
  if (!filter) return isVisible
  const matches = matching(store, filter)
  return (ordinal) => matches(ordinal) && isVisible(ordinal)
}
