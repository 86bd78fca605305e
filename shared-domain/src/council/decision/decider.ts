import { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import type { Said } from '../../kernel/alias.ts'
import { decider, isPrivileged, reject, type Context, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'
import { DecisionId, DueInstant, OrchestratorId, TaskId, text } from '../../vocabulary.ts'
import { opening_ms, overfull } from '../../work/task/approvals.ts'
import { task } from '../../work/task/decider.ts'
import { taskState } from '../../work/task/state.ts'
import { Decision, decisionTypes, protocols, Vote } from './events.ts'
import { isMajority, settled, tallied, type Tally } from './majority.ts'
import { decisionState, type DecisionState, type Question } from './state.ts'

type Asked = Pick<Question, 'asker' | 'task'>

function concerned({ asker, task }: Asked, { look }: Context): OrchestratorId | null {
  if (asker !== null) return OrchestratorId.parse(asker)
  const about = task === null ? undefined : look(taskState, task)
  return about && about.status !== 'NONE' ? about.owner : null
}

const about = (question: Asked, context: Context) =>
  ({ task: question.task as TaskId | null, concerns: concerned(question, context) })

const ended = (question: Question, tally: Tally, reason: string, context: Context) =>
  ({ type: question.type, ...about(question, context), tally, reason })

function outcome(question: Question, tally: Tally, approved: boolean, reason: string, context: Context) {
  const end = ended(question, tally, reason, context)
  return approved ? Decision.DecisionApproved(end) : Decision.DecisionRejected(end)
}

/** The electorate with the weights that its orchestrators have now: frozen from here on. */
function frozen(ids: readonly OrchestratorId[], { look, organization }: Context) {
  const electorate = []
  for (const orchestrator of new Set(ids)) {
    const known = look(orchestratorState, orchestrator)
    if (known.stage !== 'registered' || known.organization !== organization) return reject('ORCHESTRATOR_UNKNOWN', { orchestrator })
    electorate.push({ orchestrator, weight: known.profile.consensusWeight })
  }
  return electorate.length < 2 ? reject('ELECTORATE_TOO_SMALL') : electorate
}

/** Why the question cannot be about this task, if it cannot: who asks whether a task may start holds it back. */
function misplaced(type: Question['type'], task: TaskId | undefined, context: Context) {
  if (!task) return type === 'task_approval' ? reject('TASK_REQUIRED') : undefined
  const known = context.look(taskState, task)
  if (known.status === 'NONE' || known.organization !== context.organization) return reject('TASK_UNKNOWN')
  if (type !== 'task_approval') return undefined
  if (!isPrivileged(context) && context.actsFor !== known.owner) return reject('FORBIDDEN')
  return overfull(known, DecisionId.parse(context.id))
}

/** The task waits for its approval before that is asked for, or it could start in between. */
const holdingBack = (about: TaskId, decision: DecisionId): Hold => ({
  take: send(task, about, 'requireApproval', { decision }),
  giveBack: (taken) => send(task, about, 'withdrawApproval', { decision, taken }),
  within_ms: opening_ms,
})

/** An orchestrator that is named must be the one that calls: nobody votes for another. */
const asCaller = {
  about: 'The orchestrator that is named must be the one that calls, else `NOT_AN_ELECTOR`.',
  guard: (_: DecisionState, { orchestrator, vpId = orchestrator }: Said, { by }: Context) =>
    (by.id === vpId ? undefined : reject('NOT_AN_ELECTOR')),
}

const partakes = (state: DecisionState, orchestrator: string) =>
  state.stage !== 'unknown' && (state.proposer.id === orchestrator || state.electorate.has(orchestrator))

export const decision = decider(decisionState, {
  collection: 'decisions',
  rejections: {
    NOT_FOUND: unknown('There is no such decision.'),
    ALREADY_EXISTS: conflict('A decision with this id exists already.'),
    ORCHESTRATOR_UNKNOWN: conflict('An elector is not an orchestrator of the organization.'),
    ELECTORATE_TOO_SMALL: conflict('At least two different orchestrators must be able to vote.'),
    TASK_REQUIRED: conflict('An approval of a task says of which.'),
    TASK_UNKNOWN: conflict('There is no such task.'),
    DEADLINE_PASSED: conflict('The deadline lies in the past.'),
    NOT_AN_ELECTOR: forbidden('Only the electors vote, each for itself.'),
    DECISION_CLOSED: conflict('The decision has ended.'),
    FORBIDDEN: forbidden(
      'Only the owner of a task or an admin may ask for its approval, and only the proposer or an admin may withdraw a question.',
    ),
    TOO_MANY_APPROVALS: conflict('The task waits for as many approvals as it may.'),
  },

  commands: {
    open: {
      about: 'Put a question to an electorate; its members and their weights are fixed from now on.',
      creates: true,
      data: z.object({
        type: z.enum(decisionTypes).default('decision'),
        title: text(200),
        description: z.string().max(5_000).optional(),
        electorate: z.array(OrchestratorId).min(2).max(50),
        protocol: z.enum(protocols).default('majority'),
        quorum: z.number().positive().max(1).default(0.5),
        deadline: DueInstant.optional(),
        taskId: TaskId.optional(),
      }),
      holds: (_, { type, taskId }, { id }) => (type === 'task_approval' && taskId ? holdingBack(taskId, DecisionId.parse(id)) : undefined),
      decide(state, { electorate: ids, taskId, description, deadline, ...question }, context) {
        if (state.stage !== 'unknown') return reject('ALREADY_EXISTS')
        const refusal = misplaced(question.type, taskId, context)
        if (refusal) return refusal
        if (deadline && deadline <= context.at) return reject('DEADLINE_PASSED')
        const electorate = frozen(ids, context)
        if (!Array.isArray(electorate)) return electorate
        const { type, title } = question
        const known = { deadline: deadline ?? null, ...about({ asker: context.actsFor, task: taskId ?? null }, context) }
        return [
          Decision.DecisionOpened({ ...question, ...known, description: description ?? null, electorate }),
          ...electorate.map(({ orchestrator: elector, weight }) =>
            Decision.VoteRequested({ elector, weight, type, title, deadline: known.deadline, task: known.task })),
        ]
      },
    },

    cast: {
      about: 'Vote, or vote differently while the question is open.',
      route: 'POST /decisions/:id/votes',
      aliases: [
        { ...asCaller, route: 'POST /orchestrators/:orchestrator/consensus/vote', id: 'decisionId' },
        { ...asCaller, route: 'PATCH /orchestrators/consensus', id: 'consensusId', fields: { vpId: OrchestratorId } },
      ],
      data: z.object({ vote: Vote, comment: text(1_000).optional() }),
      decide(state, { vote, comment: said }, context) {
        const { actsFor, at } = context
        const comment = said ?? null
        if (state.stage === 'unknown') return reject('NOT_FOUND')
        const seat = actsFor === null ? undefined : state.electorate.get(actsFor)
        if (actsFor === null || !seat) return reject('NOT_AN_ELECTOR')
        const previous = state.votes.get(actsFor)
        if (previous?.vote === vote && previous.comment === comment) return []
        if (state.stage !== 'pending' || (state.deadline !== null && at >= state.deadline))
          return reject('DECISION_CLOSED', { outcome: state.stage })
        const tally = tallied({ ...state, votes: new Map(state.votes).set(actsFor, { vote, comment }) })
        const ballot = { elector: OrchestratorId.parse(actsFor), vote, weight: seat.weight, comment, tally }
        const told = previous ? Decision.VoteChanged({ ...ballot, previous: previous.vote }) : Decision.VoteCast(ballot)
        const verdict = settled(tally)
        if (!verdict) return [told]
        const reason = tally.cast === tally.electors ? 'all have voted' : 'no vote still to come can change it'
        return [told, outcome(state, tally, verdict === 'approved', reason, context)]
      },
    },

    cancel: {
      about: 'Withdraw the question; an admin does so also when it has expired, so that nothing waits for it.',
      aliases: [{
        route: 'POST /orchestrators/:orchestrator/consensus/:decision/cancel', id: 'decision',
        about: 'The orchestrator in the path must have asked or be an elector, else `NOT_FOUND`.',
        guard: (state, { orchestrator }) => (partakes(state, String(orchestrator)) ? undefined : reject('NOT_FOUND')),
      }],
      data: z.object({ reason: text(500).optional() }),
      decide(state, { reason }, context) {
        if (state.stage === 'unknown') return reject('NOT_FOUND')
        const isOwn = state.asker === null ? state.proposer.id === context.by.id : state.asker === context.actsFor
        if (!isPrivileged(context) && !isOwn) return reject('FORBIDDEN')
        if (state.stage === 'cancelled') return []
        const isUndecided = state.stage === 'pending' || (state.stage === 'expired' && isPrivileged(context))
        if (!isUndecided) return reject('DECISION_CLOSED', { outcome: state.stage })
        return [Decision.DecisionCancelled({ ...about(state, context), reason: reason ?? null })]
      },
    },

    close: {
      about: 'The deadline has come: count the votes.',
      internal: true,
      data: z.object({}),
      decide(state: DecisionState, _, context) {
        if (state.stage !== 'pending' || state.deadline === null || context.at < state.deadline) return []
        const tally = tallied(state)
        if (!tally.quorumMet) return [Decision.DecisionExpired(ended(state, tally, 'the quorum was not met by the deadline', context))]
        return [outcome(state, tally, isMajority(tally), 'the deadline came', context)]
      },
    },
  },
})
