import { z } from 'zod'
import type { Actor } from './fact.ts'

export type Said = Readonly<Record<string, unknown>>

/**
 * Older words for a command or a question: another method and path, other names of fields. What they say is turned into the canonical
 * words before anything else happens, and the answer is the canonical one.
 */
export interface Alias {
  /** `METHOD /path`. A parameter that is called like a field is that field; others are for `say` and for guards. */
  readonly route: string
  /** What a reader could not guess: which of several meanings this one has, what is checked. */
  readonly about?: string
  /** Of a command: what says which stream, a parameter of the path or a field of the body. `id` when not said. */
  readonly id?: string
  /** Of a command: which stream, where what says it says more besides. */
  readonly idOf?: (said: Said) => string
  /**
   * Whoever asks with these words is of this kind, or is refused with FORBIDDEN. What it is called itself is this field, or parameter:
   * `id` is the stream.
   */
  readonly caller?: { readonly kind: Actor['kind']; readonly as?: string }
  /** Of a read model: a row is asked for, not the list. */
  readonly item?: true
  /** Older field → the canonical one that it is, or a shape of its own. A canonical field that has an older name is not taken. */
  readonly fields?: Readonly<Record<string, string | z.ZodType>>
  /** Canonical fields that the older words do not have. */
  readonly without?: readonly string[]
  /** The canonical words for what was said, where renaming is not enough. What is no field there is dropped. */
  readonly say?: (said: Said, at: string) => Said
  /** Where several words share a route: whether these are meant. */
  readonly meant?: (said: Said) => boolean
}

/** Method, path and the names of its parameters. */
export function routeParts(route: string) {
  const [method, path] = route.split(' ') as [string, string]
  return { method, path, parameters: [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!) }
}

/** Older name → canonical name, of fields that are only called otherwise. */
export const renamesOf = ({ fields = {} }: Pick<Alias, 'fields'>): ReadonlyMap<string, string> =>
  new Map(Object.entries(fields).filter((field): field is [string, string] => typeof field[1] === 'string'))

/** What a field is called in the older words, one way or several. */
const namesOf = (alias: Alias, field: PropertyKey): readonly string[] =>
  [...renamesOf(alias)].filter(([, name]) => name === field).map(([older]) => older)

/** The older name of a canonical field, for faults that are found in the canonical words. */
export const olderName = (alias: Alias, field: PropertyKey): PropertyKey => namesOf(alias, field)[0] ?? field

/** Names that say twice what one field says, and the name that would do: older words are not mixed with others. */
export const mixed = (alias: Alias, said: Said): readonly { readonly name: string; readonly older: string }[] =>
  [...new Set(renamesOf(alias).values())].flatMap((field) => {
    const [older = '', ...others] = namesOf(alias, field).filter((name) => name in said)
    const known = older === '' ? namesOf(alias, field)[0]! : older
    // A field may go by its own name beside an older one.
    return [...others, ...(field in said && !namesOf(alias, field).includes(field) ? [field] : [])].map((name) => ({ name, older: known }))
  })

/** Everything that may be said with the older words; `id` is the shape of what says which stream, and of parameters that are no field. */
export function wordsOf(alias: Alias, canonical: z.ZodObject, id: z.ZodType): z.ZodObject {
  const shape: Readonly<Record<string, z.ZodType>> = canonical.shape
  const { caller, without = [] } = alias
  const hidden = new Set([...renamesOf(alias).values(), ...without, ...(caller?.as === undefined ? [] : [caller.as])])
  const same = Object.entries(shape).filter(([name]) => !hidden.has(name))
  const own = Object.entries(alias.fields ?? {}).map(([name, field]) => {
    if (typeof field !== 'string') return [name, field]
    // Of several names for one field only one is said.
    return [name, namesOf(alias, field).length > 1 ? shape[field]!.optional() : shape[field]!]
  })
  const parameters = routeParts(alias.route).parameters.map((name) => [name, id])
  return z.strictObject({
    ...Object.fromEntries(parameters), ...(alias.id === undefined ? {} : { [alias.id]: id }), ...Object.fromEntries([...same, ...own]),
  })
}

/** What was said, in the canonical words. */
export function translated(alias: Alias, canonical: z.ZodObject, said: Said, at: string): Said {
  const renames = renamesOf(alias)
  const renamed = Object.fromEntries(Object.entries(said).map(([name, value]) => [renames.get(name) ?? name, value]))
  const meant = alias.say?.(renamed, at) ?? renamed
  return Object.fromEntries(Object.entries(meant).filter(([name]) => name in canonical.shape))
}

/** What follows from who asks with the older words; undefined where it may not. */
export const callerSays = ({ caller }: Alias, { kind, id }: Actor): Said | undefined => {
  if (caller === undefined) return {}
  return kind !== caller.kind ? undefined : caller.as === undefined ? {} : { [caller.as]: id }
}

/** The words that a route takes: the canonical ones have no alias. */
export interface Wording {
  readonly alias?: Alias | undefined
  readonly canonical: z.ZodObject
}

/** Beside the canonical words older ones are meant when a field of their own is there, unless they say otherwise. */
const isMeant = ({ alias, canonical }: Wording, said: Said): boolean | undefined =>
  alias && (alias.meant?.(said) ?? Object.keys(alias.fields ?? {}).some((name) => name in said && !(name in canonical.shape)))

/** Of all words that share a route, those that are meant. */
export function meantAmong<One extends Wording>(wordings: readonly One[], said: Said): One {
  const plain = wordings.find(({ alias }) => !alias)
  if (plain) return wordings.find((one) => isMeant(one, said)) ?? plain
  return wordings.find(({ alias }) => alias!.meant?.(said)) ?? wordings.find(({ alias }) => !alias!.meant) ?? wordings[0]!
}
