import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Metadata, OrchestratorId } from '../../vocabulary.ts'
import { Document } from './document.ts'
import { Hash } from './envelope.ts'

/** What is done about drift, in the order in which it is told. */
export const interventions = ['reduce_autonomy', 'audit', 'notify', 'rollback', 'pause'] as const
export const Intervention = z.enum(interventions)
export type Intervention = z.output<typeof Intervention>

export const versions_max = 500
export const Version = z.int().min(1).max(versions_max)

const orchestrator = { orchestrator: OrchestratorId }
const reason = z.string().nullable()
const drift = { score: z.number(), critical: z.boolean() }
const recipient = ({ orchestrator }: { orchestrator: string }) => orchestrator

export const Charter = events({
  CharterPublished: {
    about: 'A charter was written, with the limits of the tier where it does not say them. It holds once it is activated.',
    data: z.object({ ...orchestrator, version: Version, document: Document, hash: Hash }),
    recipient,
  },
  CharterActivated: {
    about: 'A version of the charter holds from now on.',
    data: z.object({ ...orchestrator, version: Version, previous: Version.nullable(), reason }),
    recipient,
  },
  CharterRolledBack: {
    about: 'An earlier version of the charter holds again.',
    data: z.object({ ...orchestrator, from: Version, to: Version, reason }),
    recipient,
  },
  DriftReported: {
    about: 'Somebody says how far the orchestrator has drifted from its charter.',
    data: z.object({ ...orchestrator, ...drift, evidence: Metadata.nullable() }),
    recipient,
  },
  GuardianInterventionApplied: {
    about: 'Something is done about the drift of the orchestrator, besides what was in force already.',
    data: z.object({ ...orchestrator, ...drift, actions: z.array(Intervention), inForce: z.array(Intervention) }),
    recipient,
  },
  GuardianInterventionCleared: {
    about: 'What was in force against the drift is so no more. Who was paused stays so until it is resumed.',
    data: z.object({ ...orchestrator, actions: z.array(Intervention), reason }),
    recipient,
  },
})

export type CharterEvent = EventOf<typeof Charter>
