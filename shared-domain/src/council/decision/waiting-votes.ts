import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { DecisionId, StoredInstant } from '../../vocabulary.ts'
import type { DecisionEvent } from './events.ts'
import { asked, ElectorId, Weight } from './shapes.ts'

const row = z.object({
  elector: ElectorId,
  decision: DecisionId,
  title: z.string(),
  type: asked.type,
  task: asked.task,
  weight: Weight,
  deadline: asked.deadline,
  asked_at: StoredInstant,
  reminders: z.int(),
  proxy: ElectorId.nullable(),
})

const key = (id: string, elector: string) => ({ elector, decision: id as z.output<typeof DecisionId> })

interface Fact<Data> { readonly id: string; readonly data: Data }

const voted = ({ id, data: { elector, carries } }: Fact<{ elector: string; carries: readonly { elector: string }[] }>) =>
  [elector, ...carries.map(({ elector }) => elector)].map((elector) => ({ remove: key(id, elector) }))

const ended = ({ id, data: { missing } }: Fact<{ missing: readonly string[] }>) => missing.map((elector) => ({ remove: key(id, elector) }))

const project: Project<typeof row, 'elector' | 'decision', DecisionEvent> = {
  VoteRequested: ({ id, at: asked_at, data: { elector, title, type, task, weight, deadline, proxy } }) =>
    [{ put: { ...key(id, elector), title, type, task, weight, deadline, asked_at, reminders: 0, proxy } }],
  VoteReminded: ({ id, data: { elector } }) => [{ add: { reminders: 1 }, at: key(id, elector) }],
  DecisionExtended: ({ id, data: { missing, to: deadline } }) =>
    missing.map((elector) => ({ patch: { deadline }, at: key(id, elector) })),
  // Who is carried from now on is waited for no more; who is not any more is asked again by a fact of its own.
  ProxyChosen: ({ id, data: { elector, to: proxy, carried } }) => {
    const isWaitedFor = carried.every((one) => one.elector !== elector)
    return [
      ...(isWaitedFor ? [{ patch: { proxy }, at: key(id, elector) }] : []), ...carried.map((one) => ({ remove: key(id, one.elector) })),
    ]
  },
  VoteCast: voted,
  VoteChanged: voted,
  BallotSealed: voted,
  DecisionApproved: ended,
  DecisionRejected: ended,
  DecisionExpired: ended,
  DecisionCancelled: ended,
}

export const waitingVotes = readModel({
  name: 'waiting_vote',
  about: 'Whose vote is waited for, the nearest deadline first.',
  version: 1,
  path: '/waiting-votes',
  row,
  key: ['elector', 'decision'],
  filters: ['elector', 'type'],
  sorts: ['deadline'],
  sort: 'deadline',
  project,
})
