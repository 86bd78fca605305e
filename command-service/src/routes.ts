import { randomBytes } from 'node:crypto'
import { meantAmong, type Said } from 'shared-domain/kernel/alias.ts'
import { operators, Rejection, streamOf, type Command, type Decider } from 'shared-domain/kernel/decider.ts'
import type { Gate } from 'shared-domain/kernel/gate.ts'
import type { RowsAsked } from 'shared-domain/kernel/grounds.ts'
import type { Question } from 'shared-domain/kernel/question.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { v5 } from 'uuid'
import { fingerprintOf } from './auth.ts'
import { commandIdOf, type Circumstances } from './circumstances.ts'
import { answerTo, isTold, type Asked, type CommandRoute, type Errand } from './command-route.ts'
import { refusalsOf } from './gating.ts'
import type { Handle } from './request.ts'
import { prefix } from 'shared-service/addresses.ts'
import { newId } from 'shared-service/new-id.ts'
import { invalid, Problem } from 'shared-service/problems.ts'
import { described, isCreating } from './openapi.ts'
import { idsIn, successorLink, wishFrom, wordingsOf, type CommandWording } from './wordings.ts'

/** Rows of an organization, with whatever was written here. */
export type FindNow = (organization: string, asked: RowsAsked) => Promise<readonly Row[]>

/** What there is to be told of something, with a fact of this position; null where that cannot be had in time. */
export type Show = (question: Question, params: Said, as: { readonly organization: string; readonly position: bigint }) => Promise<Row | null>

/** How routes come to rows of read models; without it, words that need some find none. */
export interface Sight {
  readonly findNow: FindNow
  readonly show: Show
}

/** Routes of every command of every decider: the domain is the API. Older words may share a route, also with a command's own. */
export function commandRoutes(deciders: readonly Decider[], handle: Handle, gate?: Gate, sight?: Sight): readonly CommandRoute[] {
  const wordings = deciders.flatMap((decider) => (Object.entries(decider.commands) as [string, Command][])
    .flatMap(([name, command]) => (command.internal ? [] : wordingsOf(decider, name, command))))
  const canonicalFirst = wordings.toSorted((a, b) => Number(a.alias !== undefined) - Number(b.alias !== undefined))
  const shared = Map.groupBy(canonicalFirst, ({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`)
  return [...shared.values()].map(([first, ...others]) => routeOfAll([first!, ...others], handle, gate, sight))
}

function routeOfAll(wordings: readonly [CommandWording, ...CommandWording[]], handle: Handle, gate: Gate | undefined, sight?: Sight): CommandRoute {
  const [{ method, path }] = wordings
  return {
    method, path, describe: () => described(wordings, gate),
    alone: wordings.some(({ command }) => command.secret) ? 'makes a secret, which is shown once and in no answer among others' : undefined,
    needs(body) {
      const { command: { scope = 'write', fresh = false } } = meantAmong(wordings, body)
      return { scope, fresh }
    },
    read(asked) {
      const wording = meantAmong(wordings, asked.body)
      return wording.alias?.finds && sight ? seekingErrand(wording, asked, handle, gate, sight) : errandOf(wording, asked, handle, gate, sight)
    },
  }
}

/** One whose words leave to rows what it is for: they are looked for when it is carried out. */
function seekingErrand(wording: CommandWording, asked: Asked, handle: Handle, gate: Gate | undefined, sight: Sight): Errand {
  const { alias, method, path } = wording
  const { known: { organization, at }, parameters } = asked
  const { rows, says } = alias!.finds!
  return {
    line: `${method} ${path} ${JSON.stringify(parameters)}`,
    async carryOut() {
      const found = says(await sight.findNow(organization, rows(idsIn(parameters, wording.ids))), at)
      if (!found) throw new Problem('NOT_FOUND')
      const { link, carryOut } = errandOf(wording, asked, handle, gate, sight, found)
      const answer = await carryOut()
      return isTold(answer) || link === undefined ? answer : { ...answer, headers: { ...answer.headers, link } }
    },
  }
}

function errandOf(wording: CommandWording, { known, parameters, body }: Asked, handle: Handle, gate: Gate | undefined, sight: Sight | undefined, found?: Said): Errand {
  const { decider, name, command, alias, own: canonical } = wording
  const { own, wanted, data, others, guard, fill, payload, warning, redacted } = wishFrom(wording, parameters, body, known.at, found, known.by)
  const link = alias && successorLink(canonical.path, { ...others, id: own })
  if (command.secret && known.key !== undefined) throw invalid('#/header/idempotency-key', 'is not taken here: a secret is shown once and cannot be answered again')

  const { secret, fingerprint, made } = secretFor(command)
  const placed = command.place?.(data, known)
  if (command.operators) mustOperate(known)
  const place = `${decider.category} ${own ?? wanted ?? placed ?? `${canonical.method} ${canonical.path} ${JSON.stringify(others)}`}`
  const commandId = commandIdOf(known, place)
  const id = own ?? placed ?? fingerprint?.id ?? wanted ?? (known.key === undefined ? newId() : v5('id', commandId))
  const location = isCreating(command, canonical.method) ? `${prefix}/${decider.collection}/${id}` : undefined
  return {
    line: streamOf(decider, id), link,
    async carryOut() {
      const outcome = await handle(decider, name, data, {
        ...known, ...(command.operators ? { organization: id } : {}), id, commandId, isNew: own === undefined && wanted === undefined && placed === undefined && known.key === undefined, secret: fingerprint && { hash: fingerprint.hash, prefix: fingerprint.prefix }, made,
        guard, fill, redacted, said: { id: own, payload },
      })
      const answer = answerTo(outcome, refusalsOf(gate, decider, command), { location, secret, redacted, warning })
      if (!alias?.shows || !sight || outcome instanceof Rejection || isTold(answer)) return answer
      const { question, params } = alias.shows
      const shown = await sight.show(question, params(outcome.id), { organization: known.organization, position: outcome.position })
      return { ...answer, body: { ...answer.body, [question.name]: shown } }
    },
  }
}

/** A key names its stream by its digest; what is kept sealed names nothing. */
function secretFor({ secret: wanted }: Command) {
  if (!wanted) return {}
  if (wanted !== true) {
    const secret = `${wanted.sealed}${randomBytes(32).toString('base64')}`
    return { secret, made: secret }
  }
  const secret = `bk_${randomBytes(32).toString('base64url')}`
  return { secret, fingerprint: fingerprintOf(secret) }
}

function mustOperate({ organization, by }: Pick<Circumstances, 'organization' | 'by'>) {
  if (organization !== operators || by.kind !== 'admin') throw new Problem('FORBIDDEN', 'This needs a key of the operators.')
}
