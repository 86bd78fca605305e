import type { FastifyRequest } from 'fastify'
import { Instant } from 'shared-domain/vocabulary.ts'
import { invalid, Problem } from 'shared-service/problems.ts'
import { newId } from 'shared-service/new-id.ts'
import { v5, validate } from 'uuid'
import type { Principal } from './auth.ts'

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

function approvalOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  if (!validate(header)) throw invalid('#/header/baton-approval', 'is not a uuid')
  return header.toLowerCase()
}

/** What is said beside the words of a command, by headers where it has a request of its own. */
export interface Beside {
  readonly idempotencyKey?: string | undefined
  readonly ifMatch?: string | undefined
  readonly importedAt?: string | undefined
  readonly approval?: string | undefined
}

export const besideOf = ({ headers }: FastifyRequest): Beside => ({
  idempotencyKey: headers['idempotency-key'] as string | undefined, ifMatch: headers['if-match'], importedAt: headers['baton-imported-at'] as string | undefined,
  approval: headers['baton-approval'] as string | undefined,
})

export type Circumstances = ReturnType<typeof circumstances>

/** Circumstances of a command that no body says. */
export function circumstances({ id: correlationId, headers }: FastifyRequest, principal: Principal, beside: Beside) {
  const now = new Date().toISOString()
  const imported = importedAt(beside.importedAt, principal.actor.kind === 'admin' && principal.scopes.includes('admin'), now)
  const key = keyOf(beside.idempotencyKey)
  const traceparent = headers.traceparent as string | undefined
  return {
    by: principal.actor, actsFor: principal.actsFor, allowed: principal.scopes, keyExpiresAt: principal.expiresAt, organization: principal.organization,
    at: imported ?? now, imported: imported !== undefined, key,
    repeatable: key !== undefined, correlationId, causationId: correlationId, expected: revisionOf(beside.ifMatch), approval: approvalOf(beside.approval),
    traceparent: traceparent && traceparentPattern.test(traceparent) ? traceparent : undefined,
  }
}

/** The id under which a repetition of this request is recognised: the same key of the same caller on the same thing. */
export const commandIdOf = ({ organization, by, key }: Pick<Circumstances, 'organization' | 'by' | 'key'>, place: string): string =>
  (key === undefined ? newId() : v5(JSON.stringify([organization, by.id, place, key]), keyNamespace))
