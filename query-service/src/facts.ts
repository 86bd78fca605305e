import type { AllStreamResolvedEvent } from '@eventstore/db-client'
import { cloudEvent, shareable } from 'shared-domain/kernel/cloud-event.ts'
import { partsOf, type Decider } from 'shared-domain/kernel/decider.ts'
import type { Meta } from 'shared-domain/kernel/fact.ts'
import { decode, type EventDefinition } from 'shared-domain/kernel/events.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { definitionsOf, provenanceOf } from 'shared-domain/kernel/stored.ts'
import { z } from 'zod'

/** A fact as it is shown to callers. */
export const Fact = z.object({
  position: z.string(),
  stream: z.string(),
  revision: z.int(),
  type: z.string(),
  category: z.string(),
  id: z.string(),
  recipient: z.string().nullable().describe('The orchestrator that the fact concerns first.'),
  at: z.iso.datetime({ precision: 3 }),
  by: z.object({ kind: z.string(), id: z.string() }),
  commandId: z.string(),
  correlationId: z.string().nullable(),
  imported: z.boolean(),
  data: z.record(z.string(), z.unknown()).nullable().describe('Null when what is stored cannot be read as this type of fact.'),
})
export type Fact = z.output<typeof Fact>

type StoredMeta = Meta & { readonly version: number; readonly $correlationId?: string }
export type Stored = NonNullable<AllStreamResolvedEvent['event']>

/** Reads facts of one organization out of stored events. */
export interface Facts {
  readonly categories: readonly string[]
  readonly types: readonly string[]
  /** Undefined for what belongs to another organization or to none. */
  read(event: Stored, organization: string): Fact | undefined
  /** The same in the form of CloudEvents. */
  cloudEvent(event: Stored, fact: Fact): object
}

export function factsOf(deciders: readonly Decider[]): Facts {
  const definitions = definitionsOf(deciders)
  return {
    categories: deciders.map(({ category }) => category),
    types: Object.keys(definitions),

    read(event, organization) {
      const meta = (event.metadata ?? {}) as unknown as Partial<StoredMeta>
      if (meta.organization !== organization) return undefined
      const { category, id } = partsOf(event.streamId)
      const definition = definitions[event.type]
      const data = readable(definition, event.data, meta.version ?? 1)
      return {
        position: String(event.position?.commit ?? 0n), stream: event.streamId, revision: Number(event.revision),
        type: event.type, category, id,
        recipient: data && definition?.recipient?.(data, id) || null,
        at: meta.at ?? '', by: meta.by ?? { kind: 'process', id: '' },
        commandId: meta.commandId ?? '', correlationId: meta.$correlationId ?? null,
        imported: meta.imported ?? false,
        data: data && definition ? shareable(definition, data) : null,
      }
    },

    cloudEvent: (event, fact) => {
      const { organization } = event.metadata as unknown as StoredMeta
      return cloudEvent(definitions[event.type], { ...fact, organization } as never, provenanceOf(event))
    },
  }
}

function readable(definition: EventDefinition<any> | undefined, data: unknown, version: number): Row | null {
  try {
    return definition ? decode(definition, data, version) as Row : null
  } catch {
    return null
  }
}
