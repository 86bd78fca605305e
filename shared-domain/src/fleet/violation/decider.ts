import { z } from 'zod'
import { decider, reject, type Context } from '../../kernel/decider.ts'
import { forbidden, unknown } from '../../kernel/refusal.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { Envelope, Hash, hashOf } from '../charter/envelope.ts'
import { Version } from '../charter/events.ts'
import { mayAskFor } from '../charter/guards.ts'
import { judgedFor } from '../charter/judging.ts'
import { Rule, Verdict } from '../charter/verdict.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { CharterViolation, Violated } from './events.ts'
import { charterViolationState, hourOf, type CharterViolationState } from './state.ts'

const violations_max = 100

const Question = Envelope.extend({ orchestrator: OrchestratorId })
type Question = z.output<typeof Question>

/** What the charter of the orchestrator says of the action now. */
const answered = ({ orchestrator, ...envelope }: Question, context: Context) =>
  ({ ...judgedFor(orchestrator, envelope, context), hash: hashOf(envelope) })

/** A repetition is answered as it was the first time, if that was told. */
function repeated({ told }: CharterViolationState, { orchestrator: _, ...envelope }: Question, { commandId }: Pick<Context, 'commandId'>) {
  const hash = hashOf(envelope)
  const { by, rule, charterVersion } = told.get(hash) ?? {}
  return by === commandId ? { verdict: 'denied' as const, rule, charterVersion, hash } : undefined
}

const recorded = ({ told }: CharterViolationState, violated: z.output<typeof Violated>) =>
  (told.has(violated.hash) || told.size >= violations_max ? [] : [CharterViolation.CharterConstraintViolated(violated)])

export const charterViolation = decider(charterViolationState, {
  collection: 'charter-violations',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator.'),
    FORBIDDEN: forbidden('Only the orchestrator itself, its agents or an admin may ask this.'),
  },

  commands: {
    check: {
      about: 'Ask whether the charter of the orchestrator lets it do this. What is denied is told, each action once an hour.',
      route: 'POST /orchestrators/:orchestrator/charter/check',
      scope: 'execute',
      creates: false,
      data: Question,
      place: ({ orchestrator }, { at }) => hourOf(orchestrator, at),
      answers: {
        fields: z.object({ verdict: Verdict, rule: Rule.nullable(), charterVersion: Version.nullable(), hash: Hash }),
        of: (state, context, question: Question) => repeated(state, question, context) ?? answered(question, context),
      },
      decide(state, question, context) {
        const { orchestrator, action, command = null, path = null } = question
        const known = context.look(orchestratorState, orchestrator)
        if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
        if (!mayAskFor(orchestrator, context)) return reject('FORBIDDEN')
        const { verdict, rule, charterVersion, hash } = answered(question, context)
        return verdict === 'denied' ? recorded(state, { orchestrator, action, command, path, hash, rule: rule!, charterVersion }) : []
      },
    },

    record: {
      about: 'Tell that something was refused which the charter denies.',
      internal: true,
      data: Violated,
      decide: recorded,
    },
  },
})
