import type { z } from 'zod'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { below } from '../../kernel/pointer.ts'

type Json = z.core.util.JSONType
type Place = readonly [path: string, depth: number]

/** What differs still deeper is told as one. */
const depth_max = 20

/** What is other in one document than in another, by the JSON pointer of its place: that in the first where it is not in the second. */
export interface Difference {
  readonly op: 'add' | 'remove' | 'replace'
  readonly path: string
  readonly from: Json
  readonly to: Json
}

const isObject = (value: Json): value is Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const same = (a: Json, b: Json): boolean => canonicalJson(a) === canonicalJson(b)

const added = (path: string, to: Json): Difference => ({ op: 'add', path, from: null, to })
const removed = (path: string, from: Json): Difference => ({ op: 'remove', path, from, to: null })

/** How many there are before the two differ, of so many at the most. */
function alike(a: readonly Json[], b: readonly Json[], max: number): number {
  let count = 0
  while (count < max && same(a[count]!, b[count]!)) count++
  return count
}

/** What is alike at both ends is left out, so that what was put in does not move all that follows. */
function* ofLists(from: readonly Json[], to: readonly Json[], [path, depth]: Place): Generator<Difference> {
  const shorter = Math.min(from.length, to.length)
  const before = alike(from, to, shorter)
  const behind = alike(from.toReversed(), to.toReversed(), shorter - before)
  const both = shorter - behind
  for (let at = before; at < both; at++) yield* differences(from[at]!, to[at]!, [below(path, at), depth + 1])
  for (let at = both; at < from.length - behind; at++) yield removed(below(path, at), from[at]!)
  for (let at = both; at < to.length - behind; at++) yield added(below(path, at), to[at]!)
}

type Fields = Readonly<Record<string, Json>>

function* ofObjects(from: Fields, to: Fields, [path, depth]: Place): Generator<Difference> {
  for (const name of [...new Set([...Object.keys(from), ...Object.keys(to)])].sort()) {
    const place = below(path, name)
    if (!Object.hasOwn(to, name)) yield removed(place, from[name]!)
    else if (!Object.hasOwn(from, name)) yield added(place, to[name]!)
    else yield* differences(from[name]!, to[name]!, [place, depth + 1])
  }
}

/** Everything that differs, in the order of names and places. */
export function* differences(from: Json, to: Json, place: Place = ['', 0]): Generator<Difference> {
  const [path, depth] = place
  if (same(from, to)) return
  if (depth < depth_max && Array.isArray(from) && Array.isArray(to)) yield* ofLists(from, to, place)
  else if (depth < depth_max && isObject(from) && isObject(to)) yield* ofObjects(from, to, place)
  else yield { op: 'replace', path, from, to }
}
