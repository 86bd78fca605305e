import type { FastifyInstance } from 'fastify'
import { bulkBody } from 'shared-domain/kernel/bulk.ts'
import { Rejection, type Bulk, type Decider } from 'shared-domain/kernel/decider.ts'
import { redact } from 'shared-domain/kernel/redaction.ts'
import { prefix } from 'shared-service/addresses.ts'
import { invalid, parsed } from 'shared-service/problems.ts'
import { v5 } from 'uuid'
import type { Authorise } from './auth.ts'
import { inTurns } from './in-turns.ts'
import { bulkDescribed } from './openapi.ts'
import { failureOf, statusOf } from './problems.ts'
import type { Handle, Outcome } from './request.ts'
import { circumstances, commandIdOf } from './routes.ts'

const atOnce_max = 8
const within_ms = 20_000

/** What became of one item. */
interface Result {
  readonly id: string
  readonly status: number
  readonly changed: boolean
  readonly code?: string
}

/** A route for every decider that takes many streams at once. */
export function bulkRoutes(app: FastifyInstance, deciders: readonly Decider[], handle: Handle, authorise: Authorise) {
  for (const decider of deciders) if (decider.bulk) bulkRoute(app, decider, decider.bulk, handle, authorise)
}

function bulkRoute(app: FastifyInstance, decider: Decider, bulk: Bulk, handle: Handle, authorise: Authorise) {
  const body = bulkBody(decider, bulk)
  const fresh = Object.values(bulk.actions).some((name) => decider.commands[name]!.fresh)

  app.post(`${prefix}/${decider.collection}/bulk`, {
    schema: bulkDescribed(decider, bulk),
    handler: async (request, reply) => {
      const known = await circumstances(request, authorise, { scope: bulk.scope, ...(fresh ? { fresh } : {}) })
      if (known.expected !== undefined) throw invalid('#/header/if-match', 'is not taken here: every stream has a revision of its own')
      const { value, redacted } = redact(Object(request.body))
      const { ids, action, ...data } = parsed(body, value)
      const name = bulk.actions[action]!
      const bulkId = commandIdOf(known, `${decider.category} bulk`)

      const results = await inTurns(ids, atOnce_max, within_ms, (id) =>
        handle(decider, name, data, { ...known, id, commandId: v5(id, bulkId), redacted })
          .then((outcome) => resultOf(id, outcome, decider), (error: Error): Result => ({ id, changed: false, ...failureOf(error, request) })))
      const failures = results.filter(({ code }) => code !== undefined).length
      const success = results.filter(({ changed }) => changed).length
      const summary = { total: ids.length, success, failed: failures, skipped: ids.length - success - failures }
      return reply.code(failures > 0 ? 207 : 200).send({ action, summary, results, ...(redacted.length > 0 ? { redacted } : {}) })
    },
  })
}

function resultOf(id: string, outcome: Outcome, { rejections }: Decider): Result {
  if (outcome instanceof Rejection) return { id, status: statusOf(outcome, rejections), changed: false, code: outcome.code }
  return { id, status: 200, changed: outcome.changed, ...outcome.more }
}
