import { z } from 'zod'
import { decider, reject, Rejection } from '../../kernel/decider.ts'
import { cited } from '../../kernel/grounds.ts'
import { busy, conflict, unprocessable } from '../../kernel/refusal.ts'
import { checkConfig, Config, configOf, Pattern } from '../patterns.ts'
import { alternativesTo, select } from './choosing.ts'
import { Criteria } from './criteria.ts'
import { alternatives_max, candidates_max, rejected_max, Selection, Told } from './events.ts'
import { asked, seen } from './grounds.ts'
import { selecting } from './older-words.ts'
import { policy } from './routing.ts'
import { selectionState, type SelectionState } from './state.ts'

const nothing: Told =
  { policy, pattern: 'solo', chosen: [], alternatives: [], rejected: [], counts: {}, cost: 0, exact: true }

export const selection = decider(selectionState, {
  collection: 'selections',
  rejections: {
    ALREADY_EXISTS: conflict('There is a selection with this id.'),
    CAPABILITY_NOT_FOUND: unprocessable('No agent of the organization has these skills, whatever it does now.'),
    RESOURCE_EXCEEDED: conflict('Agents that would do cost more, or have less of something, than is allowed.'),
    AGENT_NOT_AVAILABLE: busy('No agents that would do take work now.'),
  },

  commands: {
    select: {
      about: 'Choose agents for a pattern, and be told why these and not others. Nothing is reserved.',
      route: 'POST /orchestration/agents/select',
      aliases: selecting,
      creates: true,
      scope: 'execute',
      data: z.object({ criteria: Criteria.prefault({}), pattern: Pattern.default('solo'), config: Config.default({}) }).check(checkConfig),
      grounds: (_, { criteria }) => asked(criteria),
      answers: { fields: Told, of: (state: SelectionState) => (state.stage === 'unknown' ? nothing : state.told) },
      decide(state, { criteria, pattern, config: said }, context) {
        if (state.stage !== 'unknown') return reject('ALREADY_EXISTS')
        const { all, manifests } = seen(context.grounds!)
        const config = configOf(pattern, said)
        const found = select(all, manifests, { criteria, pattern, config })
        if (found instanceof Rejection) return found
        const { members, eligible, rejected, counts, cost, exact } = found
        return [Selection.AgentsSelected({
          policy, criteria, pattern, config, counts, cost, exact,
          chosen: members.map(({ agent: { agent }, role, score, cost }) => ({ agent, role, score, cost })),
          candidates: eligible.slice(0, candidates_max).map(({ agent: { agent: id }, score }) => ({ id, score })),
          alternatives: alternativesTo(found, criteria).slice(0, alternatives_max),
          rejected: rejected.slice(0, rejected_max).map(({ agent, reasons }) => ({ agent, reasons: [...reasons] })),
          grounds: cited(context.grounds!),
        })]
      },
    },
  },
})
