import { randomBytes } from 'node:crypto'
import { meantAmong } from 'shared-domain/kernel/alias.ts'
import { operators, streamOf, type Command, type Decider } from 'shared-domain/kernel/decider.ts'
import type { Gate } from 'shared-domain/kernel/gate.ts'
import { v5 } from 'uuid'
import { fingerprintOf } from './auth.ts'
import { commandIdOf, type Circumstances } from './circumstances.ts'
import { answerTo, type Asked, type CommandRoute, type Errand } from './command-route.ts'
import { refusalsOf } from './gating.ts'
import type { Handle } from './request.ts'
import { prefix } from 'shared-service/addresses.ts'
import { newId } from 'shared-service/new-id.ts'
import { invalid, Problem } from 'shared-service/problems.ts'
import { described, isCreating } from './openapi.ts'
import { successorLink, wishFrom, wordingsOf, type CommandWording } from './wordings.ts'

/** Routes of every command of every decider: the domain is the API. Older words may share a route, also with a command's own. */
export function commandRoutes(deciders: readonly Decider[], handle: Handle, gate?: Gate): readonly CommandRoute[] {
  const wordings = deciders.flatMap((decider) => (Object.entries(decider.commands) as [string, Command][])
    .flatMap(([name, command]) => (command.internal ? [] : wordingsOf(decider, name, command))))
  const canonicalFirst = wordings.toSorted((a, b) => Number(a.alias !== undefined) - Number(b.alias !== undefined))
  const shared = Map.groupBy(canonicalFirst, ({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`)
  return [...shared.values()].map(([first, ...others]) => routeOfAll([first!, ...others], handle, gate))
}

function routeOfAll(wordings: readonly [CommandWording, ...CommandWording[]], handle: Handle, gate: Gate | undefined): CommandRoute {
  const [{ method, path }] = wordings
  return {
    method, path, schema: described(wordings, gate),
    alone: wordings.some(({ command }) => command.secret) ? 'makes a secret, which is shown once and in no answer among others' : undefined,
    needs(body) {
      const { command: { scope = 'write', fresh = false } } = meantAmong(wordings, body)
      return { scope, fresh }
    },
    read: (asked) => errandOf(meantAmong(wordings, asked.body), asked, handle, gate),
  }
}

function errandOf(wording: CommandWording, { known, parameters, body }: Asked, handle: Handle, gate: Gate | undefined): Errand {
  const { decider, name, command, alias, own: canonical } = wording
  const { own, wanted, data, others, guard, fill, payload, warning, redacted } = wishFrom(wording, parameters, body, known.at)
  const link = alias && successorLink(canonical.path, { ...others, id: own })
  if (command.secret && known.key !== undefined) throw invalid('#/header/idempotency-key', 'is not taken here: a secret is shown once and cannot be answered again')

  const secret = command.secret ? `bk_${randomBytes(32).toString('base64url')}` : undefined
  const fingerprint = secret ? fingerprintOf(secret) : undefined
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
        ...known, ...(command.operators ? { organization: id } : {}), id, commandId, isNew: own === undefined && wanted === undefined && placed === undefined && known.key === undefined, secret: fingerprint && { hash: fingerprint.hash, prefix: fingerprint.prefix },
        guard, fill, redacted, said: { id: own, payload },
      })
      return answerTo(outcome, refusalsOf(gate, decider, command), { location, secret, redacted, warning })
    },
  }
}

function mustOperate({ organization, by }: Pick<Circumstances, 'organization' | 'by'>) {
  if (organization !== operators || by.kind !== 'admin') throw new Problem('FORBIDDEN', 'This needs a key of the operators.')
}
