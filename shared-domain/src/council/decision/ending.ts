import { z } from 'zod'
import { isPrivileged, reject, type Context } from '../../kernel/decider.ts'
import { Outcome } from '../../kernel/report.ts'
import { day_ms, elapsed_ms } from '../../kernel/time.ts'
import { DecisionId, DueInstant, StoredInstant, text } from '../../vocabulary.ts'
import { counting, isOutcome } from './counting.ts'
import { Decision } from './events.ts'
import { about, ahead_max_ms, closed, conclusion, isOpen, leads, orchestratorOf, room, selfOf } from './guards.ts'
import { hasEnded, type DecisionState, type Question } from './state.ts'
import { usualConfidence } from '../voting-record/weight.ts'

const extensions_max = 3

const partakes = (state: DecisionState, orchestrator: string) =>
  state.stage !== 'unknown' && (state.proposer.id === orchestrator || state.electorate.has(orchestrator))

/** Whether an elector's vote, its own or carried, is the outcome. */
const agrees = (state: Exclude<DecisionState, { stage: 'unknown' | 'pending' }>, elector: string): boolean =>
  isOutcome(state, counting(state).counted.find((one) => one.elector === elector))

const dissent_ms = 30 * day_ms

/** Which of the outcomes of this question was right: a word of a vote, or one of its options. */
const mayBeRight = ({ rule: { options } }: Exclude<DecisionState, { stage: 'unknown' }>, right: string): boolean =>
  (options ? options.some(({ option }) => option === right) : right === 'APPROVE' || right === 'REJECT')

/** The votes for or against that electors gave themselves, by what was right (C-50). */
function compared({ electorate, votes }: Question, right: string, context: Context) {
  return [...votes].flatMap(([elector, { vote, confidence }]) => {
    if (vote !== 'APPROVE' && vote !== 'REJECT') return []
    const orchestrator = orchestratorOf(electorate.get(elector)!.kind, elector, context)
    return [{ elector, orchestrator, wasRight: vote === right, confidence: confidence ?? usualConfidence }]
  })
}

/** The outcome, once the deadline has come. */
function counted(state: DecisionState, context: Context) {
  if (state.stage !== 'pending' || state.deadline === null || context.at < state.deadline) return []
  const count = counting(state)
  return conclusion(state, count, count.end(), 'the deadline came', null, context)
}

export const ending = room({
  extend: {
    about: `Give a question more time before its deadline has come; ${extensions_max} times at the most.`,
    data: z.object({ deadline: DueInstant, reason: text(500) }),
    decide(state, { deadline, reason }, context: Context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      if (!leads(state, context)) return reject('FORBIDDEN')
      if (state.deadline === deadline) return []
      if (!isOpen(state, context.at)) return closed(state)
      if (state.deadline === null || deadline < state.deadline)
        return reject('INVALID_STATE_TRANSITION', { command: 'extend', deadline: state.deadline })
      if (elapsed_ms(context.at, deadline) > ahead_max_ms) return reject('DEADLINE_TOO_FAR')
      if (state.extensions >= extensions_max) return reject('LIMIT_REACHED', { max: extensions_max })
      const { concerns } = about(state, context)
      const missing = [...counting(state).missing]
      const from = StoredInstant.parse(state.deadline)
      return [Decision.DecisionExtended({ from, to: deadline, missing, reason, reminders_s: [...state.reminders_s], concerns })]
    },
  },

  remind: {
    about: 'Remind those who have not voted, if the deadline is still the one that was meant.',
    internal: true,
    data: z.object({ deadline: StoredInstant, left_s: z.int() }),
    decide(state, { deadline, left_s }, context: Context) {
      if (!isOpen(state, context.at) || state.deadline !== deadline) return []
      return counting(state).missing.map((elector) => {
        const orchestrator = orchestratorOf(state.electorate.get(elector)!.kind, elector, context)
        return Decision.VoteReminded({ elector, orchestrator, deadline, left_s })
      })
    },
  },

  close: {
    about: 'The deadline has come: count the votes.',
    internal: true,
    data: z.object({}),
    decide: (state, _, context) => counted(state, context),
  },

  closeNow: {
    about: 'Count the votes, as happens by itself at the deadline; before it, or without one, nothing changes.',
    route: 'POST /decisions/:id/close',
    scope: 'admin',
    data: z.object({}),
    decide(state, _, context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      return isPrivileged(context) ? counted(state, context) : reject('FORBIDDEN')
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
      if (!leads(state, context)) return reject('FORBIDDEN')
      if (state.stage === 'cancelled') return []
      const isUndecided = state.stage === 'pending' || (state.stage === 'expired' && isPrivileged(context))
      if (!isUndecided) return closed(state)
      const missing = state.stage === 'pending' ? [...counting(state).missing] : []
      return [Decision.DecisionCancelled({ ...about(state, context), reason: reason ?? null, missing, origin: null })]
    },
  },

  dissent: {
    about: 'Say why, as an elector that did not vote for the outcome: once, within 30 days of the end.',
    scope: 'execute',
    data: z.object({ text: text(5_000) }),
    decide(state, { text }, context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      const elector = selfOf(context)
      if (elector === null || !state.electorate.has(elector)) return reject('NOT_AN_ELECTOR')
      if (state.stage === 'pending') return reject('DECISION_PENDING')
      const told = state.dissent.get(elector)
      if (told === text) return []
      if (told !== undefined || elapsed_ms(state.endedAt, context.at) >= dissent_ms) return reject('DISSENT_CLOSED')
      if (agrees(state, elector)) return reject('FORBIDDEN')
      return [Decision.DissentRecorded({ elector, text, concerns: about(state, context).concerns })]
    },
  },

  recordResult: {
    about: 'Say which outcome turned out to be right: APPROVE or REJECT, or one of the options.',
    route: 'POST /decisions/:id/result',
    data: z.object({ right: text(50), note: text(2_000).optional() }),
    decide(state, { right, note = null }, context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      if (!isPrivileged(context) && context.by.kind !== 'tool') return reject('FORBIDDEN')
      if (state.stage === 'pending') return reject('DECISION_PENDING')
      if (state.stage === 'cancelled') return closed(state)
      if (!mayBeRight(state, right)) return reject('BALLOT_INVALID', { right })
      if (state.result?.right === right && state.result.note === note) return []
      const { concerns } = about(state, context)
      const previous = state.result?.right ?? null
      const votes = previous === right ? [] : compared(state, right, context)
      return [
        Decision.DecisionResultRecorded({ right, note, previous, concerns }),
        ...(votes.length > 0 ? [Decision.VotesCompared({ type: state.type, votes, concerns })] : []),
      ]
    },
  },

  reportEffect: {
    about: 'Whether what was approved could be done.',
    internal: true,
    data: z.object({ outcome: Outcome }),
    decide(state, { outcome: { changed, revision, code, detail } }, context) {
      if (!hasEnded(state) || state.effectState === 'none' || state.effectState === 'applied') return []
      const { concerns } = about(state, context)
      if (code === null) return [Decision.EffectApplied({ revision, changed, concerns })]
      return state.effectState === 'failed' ? [] : [Decision.EffectFailed({ code, detail, concerns })]
    },
  },

  applyEffect: {
    about: 'Try again what was approved and could not be done.',
    route: 'POST /decisions/:id/apply',
    scope: 'admin',
    data: z.object({}),
    decide(state, _, context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      if (!isPrivileged(context)) return reject('FORBIDDEN')
      if (!hasEnded(state) || state.consequence === null)
        return reject('INVALID_STATE_TRANSITION', { command: 'apply', status: state.stage })
      if (state.effectState !== 'failed') return []
      return [Decision.EffectRetried({ ...about(state, context), effect: state.consequence })]
    },
  },

  noteReopened: {
    about: 'The question is being asked again.',
    internal: true,
    data: z.object({ by: DecisionId }),
    decide(state, { by }, context) {
      if (state.stage === 'unknown' || state.stage === 'pending' || state.reopenedBy === by) return []
      return [Decision.DecisionReopened({ by, concerns: about(state, context).concerns })]
    },
  },
})
