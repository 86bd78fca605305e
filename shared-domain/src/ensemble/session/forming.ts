import { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { mayActAs, reject, Rejection, type Context } from '../../kernel/decider.ts'
import { cited } from '../../kernel/grounds.ts'
import { day_ms, elapsed_ms, later, minute_ms } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { configOf } from '../patterns.ts'
import { Ensemble } from './events.ts'
import { owned, room, unfit, type Code } from './guards.ts'
import { askedOf, teamOf } from './members.ts'
import { forming as older, starting } from './older-words.ts'
import { estimateOf } from './performance.ts'
import { begun, seats } from './seats.ts'
import type { EnsembleState } from './state.ts'
import { patternIn, Wanted, type Wish } from './wish.ts'

const usually_ms = day_ms
const [least_ms, most_ms] = [minute_ms, 30 * day_ms]

/** Whose it is, if it may be. */
function ownerOf({ owner: said }: Wish, context: Context): OrchestratorId | Rejection<Code> {
  const owner = said ?? OrchestratorId.nullable().parse(context.actsFor)
  if (owner === null) return reject('OWNER_REQUIRED')
  if (!mayActAs(context, owner)) return reject('FORBIDDEN')
  const known = context.look(orchestratorState, owner)
  return known.stage === 'registered' && known.organization === context.organization ? owner : reject('NOT_FOUND', { orchestrator: owner })
}

/** What is formed of what was said, for `holds` and the decision alike. */
function formed(state: EnsembleState, wish: Wish, context: Context) {
  if (state.stage !== 'unknown') return reject('ALREADY_EXISTS')
  const owner = ownerOf(wish, context)
  if (owner instanceof Rejection) return owner
  const deadline = wish.deadline ?? later(context.at, usually_ms)
  const ahead_ms = elapsed_ms(context.at, deadline)
  if (ahead_ms < least_ms || ahead_ms > most_ms)
    return reject('VALIDATION_ERROR', { errors: [{ pointer: '/deadline', message: 'is not a minute to 30 days ahead' }] })
  const { pattern, rule } = patternIn(wish)!
  const team = teamOf(wish, pattern, context)
  if (team instanceof Rejection) return team
  const { title, criteria, costBudget = null, metadata } = wish
  const costs = team.members.map(({ cost }) => cost)
  return {
    title, pattern, rule, config: configOf(pattern, wish.config), owner, members: [...team.members], selection: team.selection, criteria,
    estimate: estimateOf(pattern, costs, criteria.resourceConstraints?.estimatedTime_ms), costBudget, deadline, metadata,
    grounds: cited(context.grounds!),
  }
}

export const forming = room({
  form: {
    about: 'Form a session of agents, who are named or chosen, in a pattern; it begins at once, unless it is to wait.',
    route: 'POST /orchestration/sessions',
    aliases: older,
    creates: true,
    data: Wanted,
    grounds: (_, wish) => askedOf(wish),
    holds(state, wish, context) {
      const ensemble = wish.autoStart ? formed(state, wish, context) : undefined
      return ensemble === undefined || ensemble instanceof Rejection ? undefined : seats(ensemble.members, context)
    },
    decide(state, wish, context) {
      const ensemble = formed(state, wish, context)
      if (ensemble instanceof Rejection) return ensemble
      const { members } = ensemble
      return [Ensemble.EnsembleFormed(ensemble), ...(wish.autoStart ? begun(ensemble, members, context) : [])]
    },
  },

  start: {
    about: 'Let the session begin: a slot of each member is held from now on.',
    aliases: starting,
    data: z.object({}),
    holds: (state, _, context) => (state.stage === 'PENDING' ? seats(state.members, context) : undefined),
    decide: (state, _, context) => owned(state, context, (known) => {
      switch (known.stage) {
        case 'PENDING': return begun(known, known.members, context)
        case 'ACTIVE': return []
        default: return unfit('start', known)
      }
    }),
  },
})
