import { z } from 'zod'
import { decider, isPrivileged, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import { conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'
import { day_ms, later } from '../../kernel/time.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { countsAt } from '../ledger/counts.ts'
import { ledgerOf, ledgerState } from '../ledger/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { Budget, type BudgetEvent } from './events.ts'
import { isInForce, limitsOf, Override, WishedLimits, WishedOverride } from './limits.ts'
import { reviewed } from './review.ts'
import { budgetState, type BudgetState } from './state.ts'
import { monthOf } from './windows.ts'

const overrides_max = 10
const override_days_max = 31

type Code = 'NOT_FOUND' | 'FORBIDDEN' | 'INVALID_STATE_TRANSITION' | 'VALIDATION_ERROR' | 'LIMIT_REACHED'
type Decision = readonly BudgetEvent[] | Rejection<Code>
type Decide<Wish> = (state: BudgetState, wish: Wish, context: Context) => Decision

const isOrganization = ({ id, organization }: Pick<Context, 'id' | 'organization'>): boolean => id === organization

/** The orchestrator whose budget it is; null where it is the organization's. */
const orchestratorOf = (context: Context): OrchestratorId | null => (isOrganization(context) ? null : context.id as OrchestratorId)

/** Only an admin says what may be used, of the organization and of orchestrators that have not left. */
const guarded = <Wish>(command: string, decide: Decide<Wish>): Decide<Wish> => (state, wish, context) => {
  const known = isOrganization(context) ? undefined : context.look(orchestratorState, context.id)
  if (known && (known.stage === 'unknown' || known.organization !== context.organization)) return reject('NOT_FOUND')
  if (!isPrivileged(context)) return reject('FORBIDDEN')
  if (known?.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { command, status: 'ARCHIVED' })
  return decide(state, wish, context)
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const configured = guarded<z.output<typeof WishedLimits>>('configure', ({ limits: before }, wish, context) => {
  const limits = limitsOf(wish)
  return same(before, limits) ? [] : [Budget.BudgetConfigured({ orchestrator: orchestratorOf(context), limits, before })]
})

const overridden = guarded<z.output<typeof WishedOverride>>('override', ({ overrides }, wish, context) => {
  const { at } = context
  const wrong = (message: string) => reject('VALIDATION_ERROR', { errors: [{ pointer: '/until', message }] })
  if (!isInForce(wish, at)) return wrong('is past')
  if (wish.until > later(at, override_days_max * day_ms)) return wrong(`is more than ${override_days_max} days ahead`)
  const inForce = overrides.filter((one) => isInForce(one, at))
  const override = Override.parse(wish)
  if (inForce.some((one) => same(Override.parse(one), override))) return []
  if (inForce.length >= overrides_max) return reject('LIMIT_REACHED', { max: overrides_max })
  return [Budget.BudgetOverrideGranted({ orchestrator: orchestratorOf(context), ...override })]
})

/** The budget of the organization is named after it. */
const ofOrganization = { place: (_: unknown, { organization }: Pick<Context, 'organization'>) => organization, creates: false } as const

export const budget = decider(budgetState, {
  collection: 'budgets',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator.'),
    FORBIDDEN: forbidden('Only an admin may do this.'),
    INVALID_STATE_TRANSITION: conflict('The orchestrator has left.'),
    VALIDATION_ERROR: invalid('What is said does not fit together.'),
    LIMIT_REACHED: conflict('There are as many of these as there may be.'),
  },

  commands: {
    configure: {
      about: 'Say how many tokens and micro-units of cost the orchestrator may use in an hour, a day and a month of UTC.',
      route: 'PUT /orchestrators/:id/budget',
      scope: 'admin',
      data: WishedLimits,
      decide: configured,
    },
    override: {
      about: 'Let the orchestrator use more in a window until then.',
      route: 'POST /orchestrators/:id/budget/override',
      scope: 'admin',
      data: WishedOverride,
      decide: overridden,
    },

    configureOrganization: {
      about: 'Say how many tokens and micro-units of cost the organization may use in an hour, a day and a month of UTC.',
      route: 'PUT /budget',
      scope: 'admin',
      data: WishedLimits,
      ...ofOrganization,
      decide: configured,
    },
    overrideOrganization: {
      about: 'Let the organization use more in a window until then.',
      route: 'POST /budget/override',
      scope: 'admin',
      data: WishedOverride,
      ...ofOrganization,
      decide: overridden,
    },

    review: {
      about: 'Something was used, a limit is another, or a window has ended: tell which limits are reached and which are so no more.',
      internal: true,
      data: z.object({}),
      decide(state, _, context) {
        const { id, at, look } = context
        const { counts } = look(ledgerState, ledgerOf(id, monthOf(at)))
        return reviewed(state, countsAt(counts, at), orchestratorOf(context), at)
      },
    },
  },
})
