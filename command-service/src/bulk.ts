import type { FastifySchema } from 'fastify'
import { routeParts, wordsOf, type Alias, type Said } from 'shared-domain/kernel/alias.ts'
import { bulkBody, bulkWords, inBulkWords, ofAction } from 'shared-domain/kernel/bulk.ts'
import { Rejection, type Bulk, type Decider, type Scope } from 'shared-domain/kernel/decider.ts'
import type { Gate } from 'shared-domain/kernel/gate.ts'
import { redact } from 'shared-domain/kernel/redaction.ts'
import type { Refusals } from 'shared-domain/kernel/refusal.ts'
import { Id } from 'shared-domain/vocabulary.ts'
import { invalid, parsed, type Told } from 'shared-service/problems.ts'
import { v5 } from 'uuid'
import { commandIdOf } from './circumstances.ts'
import type { Accepted, Asked, CommandRoute } from './command-route.ts'
import { refusalsOf } from './gating.ts'
import { inTurns } from './in-turns.ts'
import { bulkDescribed } from './openapi.ts'
import { toldOfFailure, toldOfRefusal } from './problems.ts'
import type { Handle, Outcome } from './request.ts'
import { inOwnWords, successorLink } from './wordings.ts'

const atOnce_max = 8
const within_ms = 20_000

/** What became of one item. */
interface Result {
  readonly id: string
  readonly status: number
  readonly changed: boolean
  readonly code?: string
}

/** A route for every decider that takes many streams at once, and those by which older systems know it. */
export const bulkRoutes = (deciders: readonly Decider[], handle: Handle, gate?: Gate): readonly CommandRoute[] =>
  deciders.flatMap((decider) => (decider.bulk ? routesOf(decider, decider.bulk, handle, gate) : []))

function routesOf(decider: Decider, bulk: Bulk, handle: Handle, gate: Gate | undefined): readonly CommandRoute[] {
  const body = bulkBody(decider, bulk)
  const fresh = Object.values(bulk.actions).some((name) => decider.commands[name]!.fresh)

  async function carryOut({ request, known }: Asked, { ids, action, ...data }: ReturnType<typeof body.parse>, redacted: readonly string[]): Promise<Accepted> {
    const name = bulk.actions[action]!
    const bulkId = commandIdOf(known, `${decider.category} bulk`)
    const results = await inTurns(ids, atOnce_max, within_ms, (id) =>
      handle(decider, name, data, { ...known, id, commandId: v5(id, bulkId), redacted, said: { id, payload: data } })
        .then((outcome) => resultOf(id, outcome, refusalsOf(gate, decider, decider.commands[name]!)), (error: Error) => failed(id, toldOfFailure(error, request))))
    const failures = results.filter(({ code }) => code !== undefined).length
    const success = results.filter(({ changed }) => changed).length
    const summary = { total: ids.length, success, failed: failures, skipped: ids.length - success - failures }
    return { status: failures > 0 ? 207 : 200, headers: {}, body: { action, summary, results, ...(redacted.length > 0 ? { redacted } : {}) } }
  }

  const own = `/${decider.collection}/bulk`

  function route(path: string, describe: () => FastifySchema, inOwn: (said: Said, at: string) => Said, link?: string): CommandRoute {
    return {
      method: 'POST', path, describe, alone: 'is for many by itself',
      needs: (said) => ({ scope: bulk.scope ?? scopeOf(decider, bulk, inBulkWords(bulk, said).action), fresh }),
      read(asked) {
        if (asked.known.expected !== undefined) throw invalid('#/header/if-match', 'is not taken here: every stream has a revision of its own')
        const { value, redacted } = redact(asked.body)
        const said = parsed(body, inOwn(value, asked.known.at))
        return { line: `${decider.category} bulk`, link, carryOut: () => carryOut(asked, said, redacted) }
      },
    }
  }

  function older({ action, ...said }: Alias & { readonly action: string }): CommandRoute {
    const alias = ofAction(said, action)
    const canonical = bulkWords(decider, bulk, action)
    const words = wordsOf(alias, canonical, Id)
    const { path } = routeParts(alias.route)
    const found = route(path, () => bulkDescribed(decider, bulk, { alias, words }), (value, at) => inOwnWords(alias, { words, canonical }, value, at), successorLink(own, {}))
    return { ...found, needs: () => ({ scope: bulk.scope ?? scopeOf(decider, bulk, action), fresh }) }
  }

  return [route(own, () => bulkDescribed(decider, bulk), (value) => inBulkWords(bulk, value)), ...(bulk.aliases ?? []).map(older)]
}

/** What the action itself needs; one that there is none of is refused when it is read. */
const scopeOf = ({ commands }: Decider, { actions }: Bulk, action: unknown): Scope =>
  commands[actions[String(action)] ?? '']?.scope ?? 'write'

const failed = (id: string, { code, meant: { status } }: Told): Result => ({ id, status, changed: false, code })

function resultOf(id: string, outcome: Outcome, refusals: Refusals): Result {
  if (outcome instanceof Rejection) return failed(id, toldOfRefusal(outcome, refusals))
  return { id, status: 200, changed: outcome.changed, ...outcome.more }
}
