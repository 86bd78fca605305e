import type { FastifyReply, FastifyRequest } from 'fastify'
import { callerSays, mixed, routeParts, translated, wordsOf, type Alias, type Said, type Wording } from 'shared-domain/kernel/alias.ts'
import type { Actor } from 'shared-domain/kernel/fact.ts'
import { Id } from 'shared-domain/vocabulary.ts'
import { z } from 'zod'
import { prefix } from 'shared-service/addresses.ts'
import { invalidFor, invalidParts, parsed, Problem } from 'shared-service/problems.ts'

/** What a question takes. */
export interface Asking {
  readonly path: string
  readonly params: z.ZodObject
  readonly query: z.ZodObject
}

/** A question as it can be asked: in its own words or in older ones. */
export interface QuestionWording extends Wording, Asking {
  readonly own: Asking
  /** What is not asked by GET is asked in a body. */
  readonly method: string
}

export function wordingsOf(own: Asking, aliases: readonly Alias[] = []): readonly [QuestionWording, ...QuestionWording[]] {
  const canonical = own.params.extend(own.query.shape)
  const older = (alias: Alias): QuestionWording => {
    const { method, path, parameters } = routeParts(alias.route)
    const words = Object.entries<z.ZodType>(wordsOf(alias, canonical, Id).shape)
    const params = words.filter(([name]) => parameters.includes(name))
    const query = words.filter(([name]) => !parameters.includes(name))
    return { alias, canonical, own, method, path, params: z.object(Object.fromEntries(params)), query: z.strictObject(Object.fromEntries(query)) }
  }
  return [{ canonical, own, method: 'GET', ...own }, ...aliases.map(older)]
}

export const unknownThing = () => new Problem('NOT_FOUND', 'There is no such thing in your organization.')

interface Asked {
  readonly params: Said
  readonly query: Said
}

type Request = Pick<FastifyRequest, 'method' | 'params' | 'query' | 'body'>

/** What a request says besides its path. */
export const saidIn = ({ method, query, body }: Request): Said => (method === 'GET' || method === 'HEAD' ? query : body ?? {}) as Said

/** What is asked, in canonical words. Throws a problem that points into the words that were used. */
export function askedWith({ alias, canonical, own, ...words }: QuestionWording, request: Request, by: Actor): Asked {
  const twice = alias ? mixed(alias, saidIn(request)) : []
  if (twice.length > 0) throw invalidFor(twice.map(({ name, older }) => ({ pointer: `/${name}`, message: `is called ${older} in these words` })))
  const query = parsed(words.query, saidIn(request))
  const { data: params, error } = words.params.safeParse(request.params)
  if (!params) {
    // A parameter with a shape of its own is a word like those of the query; another one is the id of nothing.
    const isWord = error.issues.some(({ path: [name] }) => typeof alias?.fields?.[String(name)] === 'object')
    throw isWord ? invalidParts(error) : unknownThing()
  }
  if (!alias) return { params, query }
  const ofCaller = callerSays(alias, by)
  if (!ofCaller) throw new Problem('FORBIDDEN', `These words are for the key of a ${alias.caller!.kind}.`)
  const said = { ...translated(alias, canonical, { ...query, ...params }, new Date().toISOString()), ...ofCaller }
  const among = ({ shape }: z.ZodObject) => Object.fromEntries(Object.entries(said).filter(([name]) => name in shape))
  return { params: parsed(own.params, among(own.params)), query: parsed(own.query, among(own.query)) }
}

/** Tells whoever uses older words where the canonical ones are (RFC 5829). */
export function pointToSuccessor(reply: FastifyReply, { path }: Asking, { params, query }: Asked) {
  const place = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const said = Object.entries(query).flatMap(([name, value]) => [value].flat().filter((one) => one !== undefined).map((one): [string, string] => [name, String(one)]))
  return reply.header('link', `<${prefix}${place}${said.length > 0 ? `?${new URLSearchParams(said)}` : ''}>; rel="successor-version"`)
}
