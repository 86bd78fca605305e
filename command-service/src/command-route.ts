import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify'
import type { Said } from 'shared-domain/kernel/alias.ts'
import { Rejection, type Scope } from 'shared-domain/kernel/decider.ts'
import type { Refusals } from 'shared-domain/kernel/refusal.ts'
import { prefix } from 'shared-service/addresses.ts'
import { send, type Told } from 'shared-service/problems.ts'
import { permit, type Authorise, type Principal } from './auth.ts'
import { besideOf, circumstances, type Circumstances } from './circumstances.ts'
import { toldOfRefusal } from './problems.ts'
import type { Outcome } from './request.ts'

/** Something that the service can be asked for, by a request of its own or by an item of a request for many. */
export interface CommandRoute {
  readonly method: string
  /** Below the prefix, with `:parameters`. */
  readonly path: string
  /** For the description alone. */
  /** For the OpenAPI document. */
  readonly describe: () => FastifySchema
  /** Why it is no item of a request for many. */
  readonly alone?: string | undefined
  /** What the caller's key must allow, nothing special when undefined, and whether it must be valid now rather than a moment ago. */
  needs(body: Said): { readonly scope: Scope | undefined; readonly fresh: boolean }
  /** Does nothing yet. Throws the problem with what was said. */
  read(asked: Asked): Errand
}

export interface Asked {
  readonly request: FastifyRequest
  readonly principal: Principal
  readonly known: Circumstances
  readonly parameters: Readonly<Record<string, string>>
  readonly body: Said
}

/** What was asked for, well said. */
export interface Errand {
  /** Errands of one line are done one after the other, in the order in which they were asked for. */
  readonly line: string
  /** Where what was said in older words is said now, as the header `link` has it. */
  readonly link?: string | undefined
  carryOut(): Promise<Answer>
}

export interface Accepted {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

export type Answer = Accepted | Told

export const isTold = (answer: Answer): answer is Told => 'meant' in answer

/** What is answered when a command has come out so. */
export function answerTo(outcome: Outcome, refusals: Refusals, more: { location?: string | undefined; secret?: string | undefined; redacted?: readonly string[]; warning?: string | undefined } = {}): Answer {
  if (outcome instanceof Rejection) return toldOfRefusal(outcome, refusals)
  const { id, revision, position, changed, more: said } = outcome
  return {
    status: more.location !== undefined && changed ? 201 : 200,
    headers: { etag: `"${revision}"`, ...(more.location === undefined ? {} : { location: more.location }), ...(more.warning === undefined ? {} : { warning: `299 baton "${more.warning}"` }) },
    body: {
      id, revision: String(revision), position: String(position), changed, ...said,
      ...(more.secret ? { secret: more.secret } : {}), ...(more.redacted?.length ? { redacted: more.redacted } : {}),
    },
  }
}

/** What takes something away often comes without a body: then its query says the same. */
const said = ({ method, query, body }: FastifyRequest): Said => ({ ...(method === 'DELETE' ? query as Said : {}), ...Object(body) as Said })

/** Each route as a route of HTTP. */
export function serve(app: FastifyInstance, routes: readonly CommandRoute[], authorise: Authorise) {
  for (const route of routes) {
    app.route<{ Params: Record<string, string> }>({
      method: route.method as 'POST',
      url: prefix + route.path,
      config: { describe: route.describe },
      handler: async (request, reply) => {
        const body = said(request)
        const { scope, fresh } = route.needs(body)
        const principal = await authorise(request, fresh, reply)
        permit(principal, scope)
        const known = circumstances(request, principal, besideOf(request))
        const { link, carryOut } = route.read({ request, principal, known, parameters: request.params, body })
        if (link !== undefined) void reply.header('link', link)
        const answer = await carryOut()
        return isTold(answer) ? send(answer, request, reply) : reply.code(answer.status).headers(answer.headers).send(answer.body)
      },
    })
  }
}
