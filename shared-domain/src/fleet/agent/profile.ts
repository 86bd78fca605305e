import { z } from 'zod'
import type { Said } from '../../kernel/alias.ts'
import { isPrivileged, reject } from '../../kernel/decider.ts'
import { Agent, Capability, capabilities_max, Profile } from './events.ts'
import { isMember, mayManage, open, room, unfit } from './guards.ts'
import { crossing } from './load.ts'
import { loadOf, type AgentState } from './state.ts'

const proficiency_default = 5

/** A skill as it is said: what is left out stays as it is, or unknown. */
const Wanted = z.strictObject({ ...Capability.partial().shape, skill: Capability.shape.skill })
type Wanted = z.output<typeof Wanted>

const namesEachOnce = (capabilities: readonly Wanted[]) => new Set(capabilities.map(({ skill }) => skill)).size === capabilities.length

const Fields = Profile.extend({
  capabilities: z.array(Wanted).max(capabilities_max).refine(namesEachOnce, { error: 'names a skill twice' }),
})

const capabilitiesOf = (wanted: readonly Wanted[], known: readonly Capability[] = []): Capability[] => wanted.map((said) => {
  const blank = { proficiency: proficiency_default, successRate: null, latency_ms: null, cost: null }
  return Capability.parse({ ...blank, ...known.find(({ skill }) => skill === said.skill), ...said })
})

const isSame = (a: Profile, b: Profile) => JSON.stringify(Profile.parse(a)) === JSON.stringify(Profile.parse(b))

/** All skills that the agent has, with one of them said anew. */
const withOne = (state: AgentState, { capabilities, ...said }: Said): Said => {
  const [one] = capabilities as [Wanted]
  const known: readonly Wanted[] = state.stage === 'unknown' ? [] : state.profile.capabilities
  const isKnown = known.some(({ skill }) => skill === one.skill)
  return { ...said, capabilities: isKnown ? known.map((other) => (other.skill === one.skill ? one : other)) : [...known, one] }
}

export const profile = room({
  register: {
    about: 'Register an agent; it is IDLE. Without an orchestrator that supervises it this is for admins.',
    creates: true,
    data: Fields.extend({
      description: Profile.shape.description.default(null),
      orchestrator: Profile.shape.orchestrator.default(null),
      capabilities: Fields.shape.capabilities.default([]),
      maxConcurrent: Profile.shape.maxConcurrent.default(1),
      reliability: Profile.shape.reliability.default(0.9),
      tags: Profile.shape.tags.default([]),
    }),
    decide(state, data, context) {
      if (data.orchestrator !== null && !isMember(data.orchestrator, context)) return reject('NOT_FOUND')
      if (!mayManage(data, context)) return reject('FORBIDDEN')
      const profile = { ...data, capabilities: capabilitiesOf(data.capabilities) }
      if (state.stage === 'unknown') return [Agent.AgentRegistered(profile)]
      if (state.stage === 'retired') return unfit('register')
      return isSame(state.profile, profile) ? [] : reject('ALREADY_EXISTS')
    },
  },

  update: {
    about: 'Change what is known of an agent; what is not given stays, also the measures of a skill. Whose it is only an admin changes.',
    route: 'PATCH /agents/:id',
    aliases: [{
      route: 'POST /agents/:id/capabilities', about: 'Adds one skill, or says the one of that name anew.',
      without: Object.keys(Fields.shape), fields: Wanted.shape,
      say: ({ id: _, ...one }) => ({ capabilities: [one] }),
      fill: withOne,
    }],
    data: Fields.partial(),
    decide: (state, { capabilities: wanted, ...data }, context) => open(state, 'update', context, (agent) => {
      const { orchestrator } = data
      if (orchestrator !== undefined && orchestrator !== agent.profile.orchestrator) {
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        if (orchestrator !== null && !isMember(orchestrator, context)) return reject('NOT_FOUND')
      }
      // Words that name one skill add to those there are.
      if (wanted && wanted.length > capabilities_max) return reject('LIMIT_REACHED', { max: capabilities_max })
      const capabilities = wanted ? capabilitiesOf(wanted, agent.profile.capabilities) : agent.profile.capabilities
      const profile = Profile.parse({ ...agent.profile, ...data, capabilities })
      if (isSame(agent.profile, profile)) return []
      return [Agent.AgentUpdated(profile), ...crossing(profile, loadOf(agent), loadOf({ ...agent, profile }))]
    }),
  },
})
