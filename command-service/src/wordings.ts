import { callerSays, mixed, olderName, routeParts, translated, wordsOf, type Alias, type Said, type Wording } from 'shared-domain/kernel/alias.ts'
import type { Choice } from 'shared-domain/kernel/choice.ts'
import type { Command, Context, Decider, OlderWords, Rejection } from 'shared-domain/kernel/decider.ts'
import type { Actor } from 'shared-domain/kernel/fact.ts'
import { redact } from 'shared-domain/kernel/redaction.ts'
import { masked, sealedIn, withSealed } from 'shared-domain/kernel/sealed.ts'
import { Id } from 'shared-domain/vocabulary.ts'
import { validate } from 'uuid'
import { z } from 'zod'
import { prefix } from 'shared-service/addresses.ts'
import { invalid, invalidFor, invalidParts, parsed, Problem } from 'shared-service/problems.ts'

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** Method and path of a command, as declared or by the rule. */
export const routeOf = ({ collection }: Pick<Decider, 'collection'>, name: string, { route, creates, place }: Command) =>
  routeParts(route ?? (creates || place ? `POST /${collection}` : `POST /${collection}/:id/${kebab(name)}`))

/** What a request says in path and body together. Unknown fields are refused; what is created may be given an id. */
const wishOf = ({ data, creates, place, secret }: Command): z.ZodObject =>
  (creates && !place && !secret ? (data as z.ZodObject).extend({ id: Id.optional() }) : data as z.ZodObject).strict()

/** A command as it can be asked for: in its own words or in older ones. */
export interface CommandWording extends Wording {
  readonly alias?: OlderWords | undefined
  readonly decider: Decider
  readonly name: string
  readonly command: Command
  readonly method: string
  readonly path: string
  readonly parameters: readonly string[]
  /** Those parameters that are ids; what another is, the command says. */
  readonly ids: readonly string[]
  /** The route in its own words. */
  readonly own: ReturnType<typeof routeOf>
  /** What path and body may say together. */
  readonly words: z.ZodObject
}

export function wordingsOf(decider: Decider, name: string, command: Command): readonly CommandWording[] {
  const canonical = wishOf(command)
  const own = routeOf(decider, name, command)
  const what = { decider, name, command, canonical, own }
  const older = (alias: OlderWords) => ({ ...what, ...routeParts(alias.route), alias, words: wordsOf(alias, canonical, Id) })
  return [{ ...what, ...own, words: canonical }, ...(command.aliases ?? []).map(older)]
    .map((wording) => ({ ...wording, ids: wording.parameters.filter((name) => isId(wording.words.shape[name])) }))
}

/** A parameter that is no field is an id. */
const isId = (schema: z.ZodType | undefined): boolean =>
  schema === undefined || z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).format === 'uuid'

/** The route by which a choice is taken, and the older ones. */
export const choiceRoutesOf = ({ path, command, chooser, aliases = [] }: Choice): readonly (ReturnType<typeof routeParts> & { readonly alias?: Alias })[] => [
  routeParts(`POST ${path}${chooser ? '/:id' : ''}/${command}`),
  ...aliases.filter(({ route }) => route.startsWith('POST ')).map((alias) => ({ alias, ...routeParts(alias.route) })),
]

export const bodyOf = ({ words, parameters }: Pick<CommandWording, 'words' | 'parameters'>): z.ZodObject =>
  z.strictObject(Object.fromEntries(Object.entries(words.shape).filter(([name]) => !parameters.includes(name))))

export interface Wish {
  /** The stream that the request names as its own, in path or body. */
  readonly own: string | undefined
  /** The id that the caller wants for what is created. */
  readonly wanted: string | undefined
  readonly data: Said
  /** What the canonical path says besides the stream. */
  readonly others: Said
  readonly guard: ((state: unknown, context: Context) => Rejection | undefined) | undefined
  readonly fill: OlderWords['fill']
  /** What path and body say besides the stream, as it was said, without secrets. */
  readonly payload: Said
  /** What the answer warns of. */
  readonly warning: string | undefined
  /** JSON pointers into the body: what was taken for a secret and is not kept. */
  readonly redacted: readonly string[]
}

/** What a path says, ids in small letters: all of it, unless only some are ids. */
export function idsIn<Name extends string>(parameters: Readonly<Record<Name, string>>, among?: readonly string[]): Readonly<Record<Name, string>> {
  const ids = Object.entries<string>(parameters).map(([name, text]) => {
    if (among?.includes(name) === false) return [name, text]
    if (!validate(text)) throw invalid(`#/path/${name}`, 'is not a uuid')
    return [name, text.toLowerCase()]
  })
  return Object.fromEntries(ids)
}

/** What is wished, in canonical words. Throws a problem that points into the words that were used. */
export function wishFrom(wording: CommandWording, path: Readonly<Record<string, string>>, body: Said, at: string, found: Said = {}, by?: Actor): Wish {
  const parameters = idsIn(path, wording.ids)
  for (const name of wording.parameters) if (name in body) throw invalid(`/${name}`, 'is said by the path')
  const { alias, canonical, own: { parameters: canonicalParameters } } = wording
  const { id, ...others } = parameters
  const { value, redacted } = redactedBut(sealedIn(canonical), body, wording.command.measures)
  const ofCaller = alias && by ? callerSays(alias, by) : {}
  if (!ofCaller) throw new Problem('FORBIDDEN', `These words are for the key of a ${alias!.caller!.kind}.`)
  const { id: caller, ...filled } = ofCaller as { readonly id?: string }
  const said = alias ? { ...olderWords(wording, alias, { ...value, ...parameters }), ...found } : undefined
  const wish = canonical.safeParse(alias ? { ...translated(alias, canonical, said!, at), ...filled } : { ...value, ...others })
  if (!wish.success) throw invalidParts(alias ? inOlderWords(alias, wish.error) : wish.error)
  const { id: wanted, ...data } = wish.data as Said & { readonly id?: string }
  const named = alias && (alias.idOf?.(said!) ?? (alias.id === undefined ? undefined : said![alias.id] as string))
  return {
    own: named ?? caller ?? id, wanted, data,
    others: Object.fromEntries(canonicalParameters.filter((name) => name !== 'id').map((name) => [name, data[name]])),
    guard: alias?.guard && ((state, context) => alias.guard!(state, said!, context)),
    fill: alias?.fill,
    payload: { ...withSealed(canonical, value, () => masked), ...others },
    warning: said && alias?.warns?.(said),
    redacted,
  }
}

/** What is sealed is kept as it was said. */
function redactedBut(sealed: readonly string[], body: Said, measures: Command['measures']) {
  if (sealed.length === 0) return redact(body, measures)
  const { value, redacted } = redact(Object.fromEntries(Object.entries(body).filter(([name]) => !sealed.includes(name))), measures)
  return { value: { ...value, ...Object.fromEntries(sealed.filter((name) => name in body).map((name) => [name, body[name]])) } as Said, redacted }
}

function olderWords({ words }: Pick<CommandWording, 'words'>, alias: Alias, said: Said): Said {
  const twice = mixed(alias, said).map(({ name, older }) => ({ pointer: `/${name}`, message: `is called ${older} in these words` }))
  if (twice.length > 0) throw invalidFor(twice)
  return parsed(words, said)
}

/** What was said in older words, in the canonical ones. */
export const inOwnWords = (alias: Alias, wording: { readonly words: z.ZodObject; readonly canonical: z.ZodObject }, said: Said, at: string): Said =>
  translated(alias, wording.canonical, olderWords(wording, alias, said), at)

const inOlderWords = (alias: Alias, { issues }: z.ZodError) =>
  new z.ZodError(issues.map((issue) => ({ ...issue, path: issue.path.map((step, depth) => (depth === 0 ? olderName(alias, step) : step)) })))

/** What tells whoever uses older words where the canonical ones are (RFC 5829). */
export const successorLink = (path: string, parameters: Said): string =>
  `<${prefix}${path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(parameters[name])))}>; rel="successor-version"`
