import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Rejection, type Command, type Decider } from 'shared-domain/kernel/decider.ts'
import { redact } from 'shared-domain/kernel/redaction.ts'
import type { Refusals } from 'shared-domain/kernel/refusal.ts'
import { Instant } from 'shared-domain/vocabulary.ts'
import { v5, validate } from 'uuid'
import { z } from 'zod'
import { fingerprintOf, type Authorise } from './auth.ts'
import type { Handle, Outcome } from './handle.ts'
import { newId } from './new-id.ts'
import { answers, headerParameters } from './openapi.ts'
import { invalid, invalidBody, Problem, refuse } from './problems.ts'

export const prefix = '/api/v1'

const keyNamespace = '6f0d3a52-0c1e-5b7a-9f2e-2d8c4b1a7e90'

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** Method and path of a command, as declared or by the rule. */
export function routeOf({ collection }: Pick<Decider, 'collection'>, name: string, command: Command) {
  const route = command.route ?? (command.creates ? `POST /${collection}` : `POST /${collection}/:id/${kebab(name)}`)
  const [method, path] = route.split(' ') as [string, string]
  return { method, path, parameters: [...path.matchAll(/:(\w+)/g)].map(([, parameter]) => parameter!) }
}

/** What a request says in path and body together. Unknown fields are refused; what is created may be given an id. */
const wishOf = ({ data, creates, secret }: Command): z.ZodObject =>
  (creates && !secret ? (data as z.ZodObject).extend({ id: z.uuid().optional() }) : data as z.ZodObject).strict()

const bodyOf = (wish: z.ZodObject, parameters: readonly string[]): z.ZodObject =>
  z.strictObject(Object.fromEntries(Object.entries(wish.shape).filter(([name]) => name === 'id' || !parameters.includes(name))))

const revisionOf = (header: string | undefined): number | undefined => {
  if (header === undefined || header === '*') return undefined
  const revision = /^(?:W\/)?"(\d{1,15})"$/.exec(header)?.[1]
  if (revision === undefined) throw invalid('#/header/if-match', 'is not a revision in double quotes, such as "3"')
  return Number(revision)
}

const keyOf = (header: string | undefined): string | undefined => {
  if (header !== undefined && (header.length < 1 || header.length > 255)) throw invalid('#/header/idempotency-key', 'is 1 to 255 characters long')
  return header
}

const nesting_max = 64

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item))
}

const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** The time of a fact that is taken over from another log; only an admin may say it. */
function importedAt(header: string | undefined, isAdmin: boolean, now: string): string | undefined {
  if (header === undefined) return undefined
  if (!isAdmin) throw new Problem('FORBIDDEN', 'Only an admin may import facts with their own time.')
  const at = Instant.safeParse(header)
  if (!at.success || at.data > now) throw invalid('#/header/baton-imported-at', 'is not an instant of the past')
  return at.data
}

/** Circumstances of a request that no body says. */
export async function circumstances(request: FastifyRequest, authorise: Authorise, command: Pick<Command, 'scope' | 'fresh'>) {
  const principal = await authorise(request, command)
  const header = (name: string) => request.headers[name] as string | undefined
  const now = new Date().toISOString()
  const imported = importedAt(header('baton-imported-at'), principal.actor.kind === 'admin' && principal.scopes.includes('admin'), now)
  const key = keyOf(header('idempotency-key'))
  const traceparent = header('traceparent')
  return {
    by: principal.actor, actsFor: principal.actsFor, allowed: principal.scopes, keyExpiresAt: principal.expiresAt, organization: principal.organization,
    at: imported ?? now, imported: imported !== undefined, key,
    repeatable: key !== undefined, correlationId: request.id, causationId: request.id, expected: revisionOf(header('if-match')),
    traceparent: traceparent && traceparentPattern.test(traceparent) ? traceparent : undefined,
  }
}

/** The id under which a repetition of this request is recognised: the same key of the same caller on the same thing. */
export const commandIdOf = ({ organization, by, key }: { organization: string; by: { id: string }; key: string | undefined }, place: string): string =>
  (key === undefined ? newId() : v5(JSON.stringify([organization, by.id, place, key]), keyNamespace))

export function answer(request: FastifyRequest, reply: FastifyReply, outcome: Outcome, refusals: Refusals, more: { created?: boolean; secret?: string | undefined } = {}) {
  if (outcome instanceof Rejection) return refuse(request, reply, outcome, refusals)
  const { id, revision, position, changed } = outcome
  void reply.header('etag', `"${revision}"`).code(more.created && changed ? 201 : 200)
  return reply.send({ id, revision: String(revision), position: String(position), changed, ...(more.secret ? { secret: more.secret } : {}) })
}

/** One route per command of every decider: the domain is the API. */
export function routes(app: FastifyInstance, deciders: readonly Decider[], handle: Handle, authorise: Authorise) {
  for (const decider of deciders) {
    for (const [name, command] of Object.entries(decider.commands) as [string, Command][]) {
      if (!command.internal) route(app, decider, name, command, handle, authorise)
    }
  }
}

function route(app: FastifyInstance, decider: Decider, name: string, command: Command, handle: Handle, authorise: Authorise) {
  const { method, path, parameters } = routeOf(decider, name, command)
  const wish = wishOf(command)

  app.route<{ Params: Record<string, string> }>({
    method: method as 'POST',
    url: prefix + path,
    schema: {
      operationId: `${decider.category}.${name}`,
      summary: command.about,
      tags: [decider.collection],
      params: z.toJSONSchema(z.object(Object.fromEntries(parameters.map((parameter) => [parameter, z.uuid()]))), { target: 'draft-2020-12' }),
      headers: headerParameters(command),
      body: z.toJSONSchema(bodyOf(wish, parameters), { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' }),
      response: answers(decider.rejections, command),
    },
    handler: async (request, reply) => {
      const known = await circumstances(request, authorise, command)
      for (const parameter of parameters) if (!validate(request.params[parameter])) throw invalid(`#/path/${parameter}`, 'is not a uuid')
      const { id: own, ...others } = request.params
      if (isDeeperThan(nesting_max, request.body)) throw invalid('', `is nested more than ${nesting_max} levels deep`)
      const parsed = wish.safeParse({ ...redact(request.body as object), ...others })
      if (!parsed.success) throw invalidBody(parsed.error)
      const { id: wanted, ...data } = parsed.data as { id?: string }
      if (command.secret && known.key !== undefined) throw invalid('#/header/idempotency-key', 'is not taken here: a secret is shown once and cannot be answered again')

      const secret = command.secret ? `bk_${randomBytes(32).toString('base64url')}` : undefined
      const fingerprint = secret ? fingerprintOf(secret) : undefined
      const place = `${decider.category} ${own ?? wanted ?? `${method} ${path} ${JSON.stringify(others)}`}`
      const commandId = commandIdOf(known, place)
      const id = (own ?? fingerprint?.id ?? wanted ?? (known.key === undefined ? newId() : v5('id', commandId))).toLowerCase()
      const outcome = await handle(decider, name, data, {
        ...known, id, commandId, isNew: own === undefined && wanted === undefined && known.key === undefined, secret: fingerprint && { hash: fingerprint.hash, prefix: fingerprint.prefix },
      })
      if (command.creates && !(outcome instanceof Rejection)) void reply.header('location', `${prefix}/${decider.collection}/${id}`)
      return answer(request, reply, outcome, decider.rejections, { created: command.creates ?? false, secret })
    },
  })
}
