import type { z } from 'zod'
import { versionOf, type EventDefinition } from './events.ts'
import { schemaId } from './event-schema.ts'
import type { Recorded } from './fact.ts'
import { masked, withSealed } from './sealed.ts'

/** What the store knows of a fact beyond what readers need. */
export interface Provenance {
  readonly eventId: string
  readonly correlationId: string | null
  readonly causationId: string | null
  /** Of the request, as W3C Trace Context has it. */
  readonly traceparent?: string | undefined
}

/** The fields of a fact that never leave the log: those whose schema says `.meta({ secret: true })`. */
const secretsOf = ({ data }: EventDefinition<any>): readonly string[] =>
  Object.entries(data.shape as Record<string, z.ZodType>).filter(([, schema]) => schema.meta()?.secret === true).map(([name]) => name)

const secrets = new WeakMap<EventDefinition<any>, readonly string[]>()

/** The data of a fact as others may see it: nothing secret, nothing sealed. */
export function shareable(definition: EventDefinition<any>, data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let names = secrets.get(definition)
  if (!names) secrets.set(definition, names = secretsOf(definition))
  const shared = withSealed(definition.data, data, () => masked)
  return names.length === 0 ? shared : Object.fromEntries(Object.entries(shared).filter(([name]) => !names.includes(name)))
}

/**
 * A fact in the form of CloudEvents 1.0 (JSON); extension attributes are lower-case letters and digits, as that specification asks. What
 * cannot be read has no data.
 */
export const cloudEvent = (
  definition: EventDefinition<any> | undefined, fact: Recorded, { eventId, correlationId, causationId, traceparent }: Provenance,
) => ({
  specversion: '1.0' as const,
  id: eventId,
  source: `/organizations/${fact.organization}/${fact.category}`,
  type: `baton.${fact.type}`,
  subject: `${fact.category}-${fact.id}`,
  time: fact.at,
  datacontenttype: 'application/json' as const,
  ...(definition ? { dataschema: schemaId(fact.type, versionOf(definition)) } : {}),
  organization: fact.organization,
  revision: String(fact.revision),
  position: fact.position,
  actor: `${fact.by.kind}:${fact.by.id}`,
  commandid: fact.commandId,
  ...(correlationId ? { correlationid: correlationId } : {}),
  ...(causationId ? { causationid: causationId } : {}),
  ...(traceparent ? { traceparent } : {}),
  ...(fact.imported ? { imported: true } : {}),
  data: definition && fact.data ? shareable(definition, fact.data as Record<string, unknown>) : null,
})
