import { z } from 'zod'
import { actorKinds } from '../../kernel/fact.ts'
import { KeyId, PublicKey } from '../../kernel/notary.ts'
import { Int64, StoredInstant } from '../../vocabulary.ts'
import { Effect } from '../decision/effect-shapes.ts'
import { Elector, ElectorId, Excluded, OptionId, question, Ranking, rule, Tally, Vote, Weight } from '../decision/shapes.ts'

export const format = 'baton-dossier/1'

const Hash = z.string().regex(/^[0-9a-f]{64}$/)
const By = z.strictObject({ kind: z.enum(actorKinds), id: z.string() })
const { options, minElectorate, ...counted } = rule

const Question = z.strictObject({
  type: question.type, title: z.string(), description: z.string().nullable(), task: question.task, options, effect: Effect.nullable(),
  reopens: question.reopens, evidence: z.string().nullable(), proposer: By, openedAt: StoredInstant, deadline: StoredInstant.nullable(),
  extensions: z.array(z.strictObject({ from: StoredInstant, to: StoredInstant, reason: z.string(), at: StoredInstant, by: By })),
})

const Fact = z.strictObject({
  revision: z.int(), position: Int64, eventId: z.uuid(), type: z.string(), version: z.int().min(1), at: StoredInstant, by: By,
  commandId: z.string(), imported: z.literal(true).optional(), data: z.record(z.string(), z.json()),
})

const Counting = z.strictObject({
  elector: ElectorId, vote: Vote.nullable(), ranking: Ranking.nullable(), weight: Weight, carriedBy: ElectorId.nullable(),
  confidence: z.number().nullable(), comment: z.string().nullable(),
  at: StoredInstant, revision: z.int(), position: Int64, changes: z.int(),
})

const Outcome = z.strictObject({
  status: z.enum(['approved', 'rejected', 'expired', 'cancelled']), option: OptionId.nullable(), tally: Tally.nullable(),
  rounds: z.json(), strengths: z.json(), reason: z.string().nullable(), at: StoredInstant,
  decidedBy: z.union([
    z.strictObject({ elector: ElectorId, revision: z.int(), position: Int64 }), z.strictObject({ deadline: StoredInstant.nullable() }),
  ]).nullable(),
})

const Dissent = z.strictObject({
  elector: ElectorId, vote: Vote.nullable(), ranking: Ranking.nullable(), comment: z.string().nullable(),
  dissent: z.string().nullable(), at: StoredInstant.nullable(),
})

export const sections = {
  question: Question,
  rule: z.strictObject({ ...counted, minElectorate }),
  electorate: z.strictObject({ electors: z.array(Elector.strict()), excluded: z.array(Excluded.strict()) }),
  facts: z.array(Fact).min(1),
  votes: z.array(Counting),
  outcome: Outcome,
  dissent: z.array(Dissent),
}

export const Seal = z.strictObject({ pointer: z.string(), sha256: Hash })

/** The proof of one decision, as it is served (C-45). */
export const Dossier = z.strictObject({
  format: z.literal(format), decision: z.uuid(), organization: z.string(), revision: z.int(), position: Int64,
  ...sections,
  seals: z.array(Seal),
  keys: z.array(PublicKey).min(1),
  signature: z.strictObject({ algorithm: z.literal('ed25519'), keyId: KeyId, value: z.base64().length(88) }),
})
export type Dossier = z.output<typeof Dossier>
export type Sections = { readonly [Name in keyof typeof sections]: z.output<(typeof sections)[Name]> }
