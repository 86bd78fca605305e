import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { meantAmong, type Said } from 'shared-domain/kernel/alias.ts'
import { Rejection, type Command, type Decider } from 'shared-domain/kernel/decider.ts'
import type { Refusals } from 'shared-domain/kernel/refusal.ts'
import { Instant } from 'shared-domain/vocabulary.ts'
import { v5 } from 'uuid'
import { fingerprintOf, type Authorise } from './auth.ts'
import type { Handle, Outcome } from './request.ts'
import { prefix } from 'shared-service/addresses.ts'
import { newId } from 'shared-service/new-id.ts'
import { invalid, Problem } from 'shared-service/problems.ts'
import { described } from './openapi.ts'
import { refuse } from './problems.ts'
import { pointToSuccessor, wishFrom, wordingsOf, type CommandWording } from './wordings.ts'

const keyNamespace = '6f0d3a52-0c1e-5b7a-9f2e-2d8c4b1a7e90'

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

export function answer(request: FastifyRequest, reply: FastifyReply, outcome: Outcome, refusals: Refusals, more: { created?: boolean; secret?: string | undefined; redacted?: readonly string[] } = {}) {
  if (outcome instanceof Rejection) return refuse(request, reply, outcome, refusals)
  const { id, revision, position, changed, more: told } = outcome
  void reply.header('etag', `"${revision}"`).code(more.created && changed ? 201 : 200)
  return reply.send({ id, revision: String(revision), position: String(position), changed, ...told, ...(more.secret ? { secret: more.secret } : {}), ...(more.redacted?.length ? { redacted: more.redacted } : {}) })
}

/** Routes of every command of every decider: the domain is the API. Older words may share a route, also with a command's own. */
export function routes(app: FastifyInstance, deciders: readonly Decider[], handle: Handle, authorise: Authorise) {
  const wordings = deciders.flatMap((decider) => (Object.entries(decider.commands) as [string, Command][])
    .flatMap(([name, command]) => (command.internal ? [] : wordingsOf(decider, name, command))))
  const canonicalFirst = wordings.toSorted((a, b) => Number(a.alias !== undefined) - Number(b.alias !== undefined))
  const shared = Map.groupBy(canonicalFirst, ({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`)
  for (const [first, ...others] of shared.values()) route(app, [first!, ...others], handle, authorise)
}

function route(app: FastifyInstance, wordings: readonly [CommandWording, ...CommandWording[]], handle: Handle, authorise: Authorise) {
  const [{ method, path }] = wordings

  app.route<{ Params: Record<string, string> }>({
    method: method as 'POST',
    url: prefix + path,
    schema: described(wordings),
    handler: async (request, reply) => {
      const body = Object(request.body) as Said
      const wording = meantAmong(wordings, body)
      const { decider, name, command, alias, own: canonical } = wording
      const known = await circumstances(request, authorise, command)
      const { own, wanted, data, others, guard, fill, redacted } = wishFrom(wording, request.params, body, known.at)
      if (alias) pointToSuccessor(reply, canonical.path, { ...others, id: own })
      if (command.secret && known.key !== undefined) throw invalid('#/header/idempotency-key', 'is not taken here: a secret is shown once and cannot be answered again')

      const secret = command.secret ? `bk_${randomBytes(32).toString('base64url')}` : undefined
      const fingerprint = secret ? fingerprintOf(secret) : undefined
      const placed = command.place?.(data, known)
      const place = `${decider.category} ${own ?? wanted ?? placed ?? `${canonical.method} ${canonical.path} ${JSON.stringify(others)}`}`
      const commandId = commandIdOf(known, place)
      const id = own ?? fingerprint?.id ?? wanted ?? placed ?? (known.key === undefined ? newId() : v5('id', commandId))
      const outcome = await handle(decider, name, data, {
        ...known, id, commandId, isNew: own === undefined && wanted === undefined && placed === undefined && known.key === undefined, secret: fingerprint && { hash: fingerprint.hash, prefix: fingerprint.prefix },
        guard, fill, redacted,
      })
      const creates = command.creates ?? placed !== undefined
      if (creates && !(outcome instanceof Rejection)) void reply.header('location', `${prefix}/${decider.collection}/${id}`)
      return answer(request, reply, outcome, decider.rejections, { created: creates, secret, redacted })
    },
  })
}
