import { z } from 'zod'
import type { Context } from '../../kernel/decider.ts'
import { AgentId, OrchestratorId } from '../../vocabulary.ts'
import { leadRoles, membersOf } from '../patterns.ts'
import { reasonsAgainst } from '../selection/eligibility.ts'
import { asked, seen } from '../selection/grounds.ts'
import { inOrderOf, scored, type Scored } from '../selection/routing.ts'
import { ended } from './ending.ts'
import { Ensemble } from './events.ts'
import { room } from './guards.ts'
import { memberOf, withRefused } from './members.ts'
import { freeRole, joined } from './membership.ts'
import { seats } from './seats.ts'
import type { Active, EnsembleState } from './state.ts'

/** So often it is looked again. */
const attempts_max = 4

/** Whether there is a place for which it was looked as often as said. */
const isVacant = (state: EnsembleState, attempt: number): state is Active =>
  state.stage === 'ACTIVE' && state.vacancies.length > 0 && state.attempt === attempt

/** Who could fill the place, the best first: nobody who is a member or was lost here. */
function candidatesFor(active: Active, { grounds, refused = [] }: Context): readonly Scored[] {
  const { all, manifests } = seen(grounds!)
  const [{ skills }] = active.vacancies as [Active['vacancies'][number]]
  const role = freeRole(active)
  const isWhole = active.pattern === 'solo' || (active.pattern === 'hierarchical' && role === leadRoles.hierarchical)
  const spent = active.members.reduce((sum, { cost }) => sum + cost, 0)
  const left = Math.min(active.costBudget ?? Infinity, active.criteria.costBudget ?? Infinity) - spent
  const wanted = active.criteria.requiredCapabilities.filter(({ skill }) => isWhole || skills.includes(skill))
  const criteria = {
    ...active.criteria, requiredCapabilities: wanted,
    excludedAgents: [...active.criteria.excludedAgents, ...active.lost, ...active.members.map(({ agent }) => agent)] as AgentId[],
  }
  const eligible = withRefused(all, refused).filter((one) => reasonsAgainst(one, criteria, 'every', manifests).length === 0)
  return inOrderOf(criteria.strategy, scored(eligible, criteria).filter(({ cost }) => cost <= left))
}

export const replacing = room({
  replace: {
    about: 'Fill a place with the best agent for it; where there is nobody, say so, look again a few times, and give up.',
    internal: true,
    data: z.object({ attempt: z.int().min(0).max(attempts_max) }),
    grounds: (state) => (state.stage === 'ACTIVE' ? asked(state.criteria) : {}),
    holds(state, { attempt }, context) {
      const [best] = isVacant(state, attempt) ? candidatesFor(state, context) : []
      return best && seats([memberOf(best, 'worker', (state as Active).criteria)], context)
    },
    decide(state, { attempt }, context) {
      if (!isVacant(state, attempt)) return []
      const candidates = candidatesFor(state, context)
      if (candidates.length > 0) return joined(state, candidates[0]!, 'replacement', candidates, context)
      const owner = OrchestratorId.parse(state.owner)
      if (attempt < attempts_max) {
        const { skills } = state.vacancies[0]!
        return [Ensemble.AgentsWanted({ owner, role: freeRole(state), skills, missing: state.vacancies.length, attempt: attempt + 1 })]
      }
      const [min] = membersOf(state.pattern, state.config)
      return state.members.length < min ? [Ensemble.EnsembleFailed({ ...ended(state, context), cause: 'members', reason: null })] : []
    },
  },
})
