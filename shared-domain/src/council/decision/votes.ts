import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { DecisionId, StoredInstant } from '../../vocabulary.ts'
import type { DecisionEvent } from './events.ts'
import { ElectorId, Ranking, Vote, Weight } from './shapes.ts'

const row = z.object({
  decision: DecisionId,
  elector: ElectorId,
  vote: Vote.nullable(),
  weight: Weight,
  comment: z.string().nullable(),
  at: StoredInstant,
  ranking: Ranking.nullable(),
  confidence: z.number().nullable(),
  /** Who voted for the elector, which has not voted itself. */
  carried_by: ElectorId.nullable(),
  /** How often the elector changed its vote. */
  changes: z.int(),
  /** Of the fact in the decision's stream. */
  revision: z.int(),
})

type Ballot = Recorded<Extract<DecisionEvent, { type: 'VoteCast' | 'VoteChanged' }>>

/** The votes that a ballot makes: its elector's own, and those of the electors that it carries. */
function made({ id, at, revision, data: { elector, vote, ranking, weight, comment, confidence, carries } }: Ballot) {
  const cast = { decision: id as z.output<typeof DecisionId>, vote, ranking, at, revision }
  return {
    own: { ...cast, elector, weight, comment, confidence, carried_by: null },
    carried: carries.map((seat) => ({ put: { ...cast, ...seat, comment: null, confidence: null, carried_by: elector, changes: 0 } })),
  }
}

type Carried = Extract<DecisionEvent, { type: 'ProxyChosen' }>['data']['carried'][number]

/** Under seal nobody who is carried has a row. */
const isShown = ({ by, vote, ranking }: Carried) => by === null || vote !== null || ranking !== null

const project: Project<typeof row, 'decision' | 'elector', DecisionEvent> = {
  VoteCast: (fact) => {
    const { own, carried } = made(fact)
    return [{ put: { ...own, changes: 0 } }, ...carried]
  },
  VoteChanged: (fact) => {
    const { own, carried } = made(fact)
    const { decision, elector, ...patch } = own
    const at = { decision, elector }
    return [{ patch, at }, { add: { changes: 1 }, at }, ...carried]
  },
  BallotsOpened: ({ id, at, revision, data: { ballots } }) => ballots.map(({ carriedBy: carried_by, ...ballot }) =>
    ({ put: { decision: id as z.output<typeof DecisionId>, ...ballot, carried_by, at, revision } })),
  ProxyChosen: ({ id, at, revision, data: { carried } }) => carried.filter(isShown).map(({ elector, weight, by, vote, ranking }) => {
    const decision = id as z.output<typeof DecisionId>
    if (by === null) return { remove: { decision, elector } }
    return { put: { decision, elector, vote, ranking, weight, comment: null, confidence: null, carried_by: by, changes: 0, at, revision } }
  }),
}

export const votes = readModel({
  name: 'vote',
  about: 'How each elector counts: what it voted, with what weight and why, or who voted for it.',
  version: 2,
  path: '/votes',
  row,
  key: ['decision', 'elector'],
  filters: ['decision', 'elector', 'vote'],
  project,
})
