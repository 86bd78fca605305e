import { z } from 'zod'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { charterState, documentOf } from '../charter/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { after, banded } from './band.ts'
import { Capacity, type CapacityEvent } from './events.ts'
import { room, type Decision } from './guards.ts'
import { Limits, Whole } from './limits.ts'
import { counted, heldBy, type CapacityState } from './state.ts'

const limitsOf = ({
  max: maxConcurrentTasks, maxQueueSize, maxConcurrentConversations, energyBudget, capabilityLimits, keptForCritical,
}: CapacityState): Limits =>
  ({ maxConcurrentTasks, maxQueueSize, maxConcurrentConversations, energyBudget, capabilityLimits, keptForCritical })

/** The limits as they were said; where the charter allows less, that follows. */
function told(state: CapacityState, { maxConcurrentTasks: max, ...limits }: Limits, context: Context): readonly CapacityEvent[] {
  const { active, reserved } = counted(state)
  const set = Capacity.CapacitySet({ ...limits, max, active, reserved })
  const counts = counted(after(state, context, set))
  return counts.max === max ? [set] : [set, Capacity.CapacityGuarded({ ...counts, ...state.guarded })]
}

/** The limit of the registration, where nobody has said another yet: this stream may not have heard of it. */
export function announced(state: CapacityState, context: Context): readonly CapacityEvent[] {
  if (state.announced) return []
  const known = context.look(orchestratorState, context.id)
  const maxConcurrentTasks = known.stage === 'unknown' ? state.max : known.registeredMax
  return told(state, { ...limitsOf(state), maxConcurrentTasks }, context)
}

type Wish = { readonly [Name in keyof Limits]?: Limits[Name] | undefined }

/** As it was said, by whoever may say it. */
function said(state: CapacityState, wish: Wish, context: Context): Decision {
  const known = context.look(orchestratorState, context.id)
  if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
  if (!mayActAs(context, context.id)) return reject('FORBIDDEN')
  const before = limitsOf(after(state, context, ...announced(state, context)))
  const limits = Limits.parse({ ...before, ...wish })
  if (state.announced && canonicalJson(limits) === canonicalJson(before)) return []
  return banded(state, context, told(state, limits, context))
}

export const setting = room({
  set: {
    about: 'Say how much the orchestrator may take on; what is not said is as by default. What runs goes on; nothing new starts above it.',
    route: 'PUT /orchestrators/:id/capacity',
    data: Whole,
    decide: said,
  },

  adjust: {
    about: 'Say how much the orchestrator may take on; what is not said stays. What runs goes on; nothing new starts above it.',
    route: 'PATCH /orchestrators/:id/capacity',
    aliases: [{ route: 'POST /orchestrators/:id/capacity', about: 'What is not said stays.' }],
    data: Limits.partial(),
    decide: said,
  },

  allot: {
    about: 'It was decided how many tasks the orchestrator may work on at once.',
    internal: true,
    data: Limits.pick({ maxConcurrentTasks: true }),
    decide: said,
  },

  announce: {
    about: 'Say the limit that the orchestrator was registered with; one that was said since then stands.',
    internal: true,
    data: z.object({ maxConcurrentTasks: Limits.shape.maxConcurrentTasks }),
    decide: (state, wish, context) =>
      (state.announced ? [] : banded(state, context, told(state, { ...limitsOf(state), ...wish }, context))),
  },

  guard: {
    about: 'Note what the charter of the orchestrator allows at once.',
    internal: true,
    data: z.object({}),
    decide(state, _, context) {
      const { limits = {}, operational = {} } = documentOf(context.look(charterState, context.id))
      const guarded = {
        maxSessions: limits.maxSessions ?? null, maxConcurrentConversations: operational.maxConcurrentConversations ?? null,
      }
      if (canonicalJson(guarded) === canonicalJson(state.guarded)) return []
      const facts = announced(state, context)
      const { active, reserved, max } = counted({ ...after(state, context, ...facts), guarded })
      return banded(state, context, [...facts, Capacity.CapacityGuarded({ max, active, reserved, ...guarded })])
    },
  },

  close: {
    about: 'The orchestrator left for good: no slot is taken any more.',
    internal: true,
    data: z.object({}),
    decide: (state) => (state.closed ? [] : [Capacity.CapacityClosed({ ...counted(state), slots: [...heldBy(state)] })]),
  },
})
