import { z } from 'zod'
import { agents } from '../../fleet/agent/agents.ts'
import { reject, type Context } from '../../kernel/decider.ts'
import { cited, rowsOf } from '../../kernel/grounds.ts'
import { AgentId, CommandId, OrchestratorId } from '../../vocabulary.ts'
import { leadRoles, membersOf, otherRoles, type Role } from '../patterns.ts'
import { columns } from '../selection/eligibility.ts'
import { seen } from '../selection/grounds.ts'
import { scored, type Scored } from '../selection/routing.ts'
import { Ensemble, type EnsembleEvent } from './events.ts'
import { led, room, unfit } from './guards.ts'
import { memberOf } from './members.ts'
import { elected, leaderOf, seats } from './seats.ts'
import { speaksFor } from './speaking.ts'
import type { Active, EnsembleState, Held } from './state.ts'
import type { Vacancy } from './shapes.ts'

const Term = z.int().min(1).optional().describe('In which whoever leads does it.')
const candidates_max = 5

/** The role in which somebody joins: to lead, where nobody does. */
export const freeRole = ({ pattern, leader }: Pick<Active, 'pattern' | 'leader'>): Role =>
  (leader === null ? leadRoles : otherRoles)[pattern]

/** An agent joins, and leads where nobody does. */
export function joined(
  active: Active, one: Scored, cause: 'joined' | 'replacement', candidates: readonly Scored[], context: Context,
): readonly EnsembleEvent[] {
  const member = memberOf(one, freeRole(active), active.criteria)
  const joining = Ensemble.MemberJoined({
    ...member, owner: OrchestratorId.parse(active.owner), slot: CommandId.parse(context.commandId), cause,
    missing: Math.max(0, active.vacancies.length - 1), grounds: cited(context.grounds!),
    candidates: candidates.slice(0, candidates_max).map(({ agent: { agent }, score }) => ({ agent, score })),
  })
  return [joining, ...(active.leader === null ? [elected(active, [...active.members, member], null)] : [])]
}

/** A member leaves; of those that stay the best leads, where it did. A place is to be filled where it was lost, or too few are left. */
export function left(active: Active, { agent, role, slot, skills }: Held, cause: 'left' | 'removed' | 'lost'): readonly EnsembleEvent[] {
  const stay = active.members.filter((one) => one.agent !== agent)
  const isLeader = active.leader === agent
  const heir = isLeader && stay.length > 0 ? { agent: leaderOf(active.pattern, stay).agent, role: leadRoles[active.pattern] } : null
  const place: Vacancy = { role: heir ? otherRoles[active.pattern] : role, skills }
  const [min] = membersOf(active.pattern, active.config)
  return [
    Ensemble.MemberLeft({
      owner: OrchestratorId.parse(active.owner), agent, role, slot: CommandId.parse(slot), cause, heir,
      vacancy: cause === 'lost' || stay.length < min ? place : null,
    }),
    ...(heir ? [elected(active, stay, agent)] : []),
  ]
}

const heldBy = (state: EnsembleState, agent: string): Held | undefined =>
  (state.stage === 'ACTIVE' ? state.members.find((one) => one.agent === agent) : undefined)

/** The agent that is to join, with the skills that are wanted, as rows show it. */
function newcomer(state: EnsembleState, { grounds }: Context): Scored | undefined {
  return state.stage === 'ACTIVE' ? scored(seen(grounds!).all, state.criteria)[0] : undefined
}

export const membership = room({
  join: {
    about: 'Take another agent into the session, also as whoever leads it: a slot of it is held from now on.',
    route: 'POST /orchestration/sessions/:id/members',
    creates: false,
    scope: 'execute',
    data: z.object({ agent: AgentId, term: Term }),
    grounds: (_, { agent }) => ({ agents: rowsOf(agents, { columns, where: { agent } }) }),
    holds(state, { agent }, context) {
      const one = heldBy(state, agent) ? undefined : newcomer(state, context)
      return one && state.stage === 'ACTIVE' ? seats([memberOf(one, 'worker', state.criteria)], context) : undefined
    },
    decide: (state, { agent, term }, context) => led(state, term, context, (known) => {
      if (known.stage !== 'ACTIVE') return unfit('join', known)
      if (heldBy(known, agent)) return []
      const one = newcomer(known, context)
      if (!one) return reject('NOT_FOUND', { agents: [agent] })
      const [, max] = membersOf(known.pattern, known.config)
      if (known.members.length >= max) return reject('SESSION_LIMIT', { max })
      return joined(known, one, 'joined', [], context)
    }),
  },

  leave: {
    about: 'Let a member go, as whoever leads the session, or leave it oneself.',
    route: 'DELETE /orchestration/sessions/:id/members/:agent',
    scope: 'execute',
    data: z.object({ agent: AgentId, term: Term }),
    decide(state, { agent, term }, context) {
      const member = heldBy(state, agent)
      const isOurs = state.stage !== 'unknown' && state.organization === context.organization
      // Whoever may do both lets it go.
      if (isOurs && member && context.by.kind === 'agent' && speaksFor(member, context)) return left(state as Active, member, 'left')
      return led(state, term, context, (known) => {
        if (known.stage !== 'ACTIVE') return unfit('leave', known)
        return member ? left(known, member, 'removed') : []
      })
    },
  },

  lose: {
    about: 'The agent takes no work any more: it is a member no longer, and its place is to be filled.',
    internal: true,
    data: z.object({ agent: AgentId, slot: CommandId }),
    decide(state, { agent, slot }) {
      const member = heldBy(state, agent)
      return member?.slot === slot ? left(state as Active, member, 'lost') : []
    },
  },
})
