import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import type { DecisionEvent } from './events.ts'
import { ElectorId } from './shapes.ts'

const row = z.object({
  elector: ElectorId,
  /** Of the facts that are counted, in UTC: such as 2030-01. */
  month: z.string(),
  /** Requests: whoever is carried no more is asked again. */
  asked: z.int(),
  voted: z.int(),
  /** Questions that ended with another's vote for it, or without any. */
  carried: z.int(),
  missed: z.int(),
  changed: z.int(),
  /** Questions that ended as it had voted, itself or carried. */
  with_outcome: z.int(),
})

type Count = Exclude<keyof z.output<typeof row>, 'elector' | 'month'>

const nothing: Readonly<Record<Count, number>> = { asked: 0, voted: 0, carried: 0, missed: 0, changed: 0, with_outcome: 0 }

const one = (count: Count, elector: string, at: string) =>
  ({ add: { ...nothing, [count]: 1 }, at: { elector, month: at.slice(0, 'yyyy-mm'.length) } })

const own = (count: Count) => ({ at, data: { elector } }: { readonly at: string; readonly data: { readonly elector: string } }) =>
  [one(count, elector, at)]

const ended = ({ at, data: { missing } }: Recorded<Extract<DecisionEvent, { type: 'DecisionApproved' }>>) =>
  missing.map((elector) => one('missed', elector, at))

const project: Project<typeof row, 'elector' | 'month', DecisionEvent> = {
  VoteRequested: own('asked'),
  VoteCast: own('voted'),
  VoteChanged: own('changed'),
  BallotSealed: ({ at, data: { elector, again } }) => [one(again ? 'changed' : 'voted', elector, at)],
  DecisionApproved: ended,
  DecisionRejected: ended as never,
  DecisionExpired: ended as never,
  TurnoutTaken: ({ at, data: { carried, agreed } }) =>
    [...carried.map((elector) => one('carried', elector, at)), ...agreed.map((elector) => one('with_outcome', elector, at))],
}

export const participation = readModel({
  name: 'participation',
  about: 'How electors take part, month by month.',
  version: 1,
  path: '/participation',
  row,
  key: ['elector', 'month'],
  filters: ['elector', 'month'],
  project,
})
