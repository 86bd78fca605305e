import type { AllStreamResolvedEvent } from '@eventstore/db-client'
import type { Provenance } from 'shared-domain/kernel/cloud-event.ts'
import type { Recorded } from 'shared-domain/kernel/fact.ts'
import { factOf, provenanceOf, type Definitions } from 'shared-domain/kernel/stored.ts'

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

export function received(event: NonNullable<AllStreamResolvedEvent['event']>, definitions: Definitions): Received {
  const { streamId: stream, id: eventId, type, revision, position } = event
  const known = { stream, revision: Number(revision), position: position.commit, eventId, type, provenance: provenanceOf(event) }
  try {
    return { ...known, fault: undefined, fact: factOf(event, definitions) }
  } catch (error) {
    return { ...known, fact: undefined, fault: (error as Error).message }
  }
}
