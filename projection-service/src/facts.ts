import type { AllStreamResolvedEvent } from '@eventstore/db-client'
import { partsOf, type Decider, type Meta } from 'shared-domain/kernel/decider.ts'
import type { Provenance } from 'shared-domain/kernel/cloud-event.ts'
import { decode, type EventDefinition } from 'shared-domain/kernel/events.ts'
import type { Recorded } from 'shared-domain/kernel/read-model.ts'

/** An event of the log as far as it can be read. */
export interface Received {
  readonly stream: string
  readonly revision: number
  readonly position: bigint
  readonly eventId: string
  readonly type: string
  /** Undefined when it cannot be read: then `fault` says why. */
  readonly fact: Recorded | undefined
  readonly fault: string | undefined
  readonly provenance: Provenance
}

export type Definitions = Readonly<Record<string, EventDefinition<any>>>

export const definitionsOf = (deciders: readonly Decider[]): Definitions => Object.assign({}, ...deciders.map(({ events }) => events.definitions))

type StoredMeta = Omit<Meta, 'revision'> & { readonly version: number; readonly $correlationId?: string; readonly $causationId?: string }

export function received(event: NonNullable<AllStreamResolvedEvent['event']>, definitions: Definitions): Received {
  const { streamId: stream, type } = event
  const [revision, position] = [Number(event.revision), event.position.commit]
  const { version, $correlationId = null, $causationId = null, organization, at, by, commandId, imported } = (event.metadata ?? {}) as unknown as StoredMeta
  const provenance = { eventId: event.id, correlationId: $correlationId, causationId: $causationId }
  const known = { stream, revision, position, eventId: event.id, type, provenance }
  try {
    const definition = definitions[type]
    if (!definition) throw new Error(`no aggregate declares ${type}`)
    if (!organization || !at || !by) throw new Error('the metadata says no organization, time or actor')
    const { category, id } = partsOf(stream)
    const meta = { at, by, organization, commandId, revision, ...(imported ? { imported } : {}) }
    return { ...known, fault: undefined, fact: { type, data: decode(definition, event.data, version), ...meta, category, id, position: String(position) } }
  } catch (error) {
    return { ...known, fact: undefined, fault: (error as Error).message }
  }
}
