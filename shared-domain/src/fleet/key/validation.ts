import { z } from 'zod'
import { reject, scopes, type Context, type Rejection } from '../../kernel/decider.ts'
import { actorKinds } from '../../kernel/fact.ts'
import { Id, OrchestratorId } from '../../vocabulary.ts'
import { ShownStatus } from '../orchestrator/events.ts'
import { orchestratorState, shownStatus } from '../orchestrator/state.ts'
import { Scope } from './events.ts'
import { allows, type Key, type Principal } from './state.ts'

/** What may be asked about a key by whoever was shown it and has none. */
export const checking = {
  path: '/orchestrators/validate',
  about: 'Whom a key speaks for that somebody presents, for who lets others in: needs no key of its own. It may be of an orchestrator ' +
    'that is offline; that it is another\'s than asked for, or allows less, is FORBIDDEN.',
}

export const Presented = z.strictObject({
  apiKey: z.string().max(100),
  orchestrator: OrchestratorId.optional().describe('The key must be of this one, or of a daemon of it.'),
  requiredPermissions: z.array(Scope).max(scopes.length).default([]),
})

/** Whom a key speaks for. */
export const Validated = z.object({
  key: Id,
  organization: z.string(),
  actor: z.object({ kind: z.enum(actorKinds).exclude(['process']), id: z.string() }),
  scopes: z.array(Scope),
  expiresAt: z.iso.datetime({ precision: 3 }).nullable(),
})

/** The same with what whoever lets it in would look up next. */
export const Described = Validated.extend({
  name: z.string(),
  orchestrator: z.object({ id: OrchestratorId, name: z.string(), status: ShownStatus }).nullable(),
})

/** Says who comes with a key, or that it is another's or allows less than was asked. Who is offline is valid. */
export function described(
  { id, key, principal }: { readonly id: string; readonly key: Key; readonly principal: Principal },
  { orchestrator, requiredPermissions }: Omit<z.output<typeof Presented>, 'apiKey'>, { look }: Pick<Context, 'look'>,
): z.output<typeof Described> | Rejection<'FORBIDDEN'> {
  const { organization, actor, actsFor, scopes, expiresAt } = principal
  if (orchestrator !== undefined && orchestrator !== actsFor) return reject('FORBIDDEN')
  if (!requiredPermissions.every((scope) => allows(principal, scope))) return reject('FORBIDDEN')
  const known = actsFor === null ? undefined : look(orchestratorState, actsFor)
  return {
    key: id, organization, actor: actor as z.output<typeof Validated>['actor'], scopes: [...scopes], expiresAt, name: key.name,
    orchestrator: known === undefined || known.stage === 'unknown' ? null
      : { id: actsFor as OrchestratorId, name: known.profile.name, status: shownStatus(known) },
  }
}
