import type { Provenance } from './cloud-event.ts'
import { partsOf, type Decider } from './decider.ts'
import type { Meta } from './fact.ts'
import { decode, type EventDefinition } from './events.ts'
import type { Recorded } from './fact.ts'

/** An event as an event store shows it. */
export interface Stored {
  readonly id: string
  readonly streamId: string
  readonly type: string
  readonly data: unknown
  readonly metadata: unknown
  readonly revision: bigint
  readonly position?: { readonly commit: bigint } | undefined
}

export interface Entry {
  readonly fact: Recorded
  readonly provenance: Provenance
}

export type Definitions = Readonly<Record<string, EventDefinition<any>>>

export const definitionsOf = (deciders: readonly Decider[]): Definitions =>
  Object.assign({}, ...deciders.map(({ events }) => events.definitions))

type Traced = { readonly $correlationId: string; readonly $causationId: string; readonly traceparent: string }
type StoredMeta = Partial<Meta & Traced & { readonly version: number }>

export function provenanceOf({ id, metadata }: Stored): Provenance {
  const { $correlationId = null, $causationId = null, traceparent } = (metadata ?? {}) as StoredMeta
  return { eventId: id, correlationId: $correlationId, causationId: $causationId, ...(traceparent ? { traceparent } : {}) }
}

/** What a stored event says. Throws when nobody declares its type, it is malformed, or it does not say whose it is, when and by whom. */
export function factOf(event: Stored, definitions: Definitions): Recorded {
  const { streamId, type, data, metadata, revision, position } = event
  const definition = definitions[type]
  if (!definition) throw new Error(`no aggregate declares ${type}`)
  const { version = 1, at, by, organization, commandId = '', imported } = (metadata ?? {}) as StoredMeta
  if (!organization || !at || !by) throw new Error('the metadata says no organization, time or actor')
  const said = decode(definition, data, version)
  const parts = partsOf(streamId)
  return {
    type, data: said, at, by, organization, commandId, revision: Number(revision), ...(imported ? { imported } : {}), ...parts,
    recipient: definition.recipient?.(said, parts.id) ?? null, position: String(position?.commit ?? 0n),
  }
}
