import { z } from 'zod'
import { reject, type Context } from '../../kernel/decider.ts'
import { second_ms } from '../../kernel/time.ts'
import { CommandId, Id, TaskId, text } from '../../vocabulary.ts'
import { ensembleState, seatOf } from '../../ensemble/session/state.ts'
import { taskState } from '../../work/task/state.ts'
import { Agent, type AgentEvent } from './events.ts'
import { cooled, room, type Decision } from './guards.ts'
import { crossing, takesWork } from './load.ts'
import { judged, measured, reliabilityOf } from './outcomes.ts'
import { loadOf, slotOf, standingOf, without, type AgentState, type HeldSlot, type Known } from './state.ts'

/** By then a reservation is confirmed, or it is given back. */
export const reservation_ms = 30 * second_ms

/** A task takes a slot, or a session. */
const Taking = z.object({ task: TaskId.nullable().default(null), session: Id.nullable().default(null), slot: CommandId })
type Taking = z.output<typeof Taking>

const taskPlace = (task: TaskId, slot: CommandId): Taking => ({ task, session: null, slot })

const isForOne = ({ task, session }: Taking) => (task === null) !== (session === null)

const heldBy = ({ slots }: Known, taking: Taking): HeldSlot | undefined => slots.get(slotOf(taking))

/** Decides about a slot that is taken: what has ended stays so. An agent that was retired still gives back. */
function about(state: AgentState, taking: Taking, context: Context, decide: (agent: Known, slot: HeldSlot) => Decision): Decision {
  const slot = state.stage === 'unknown' ? undefined : heldBy(state, taking)
  return slot ? cooled(state as Known, context, (agent) => decide(agent, slot)) : []
}

/** The fact's own words, with the counts after it. */
const told = (agent: Known, { task, session, slot, skills }: Omit<HeldSlot, 'use'>, more: number) => {
  const { current, max } = loadOf(agent)
  return { orchestrator: agent.profile.orchestrator, task, session, slot, skills: [...skills], current: current + more, max }
}

const crossed = (agent: Known, more: number) => {
  const load = loadOf(agent)
  return crossing(agent.profile, load, { ...load, current: load.current + more })
}

type Reason = 'settled' | 'ended' | 'not-started' | 'expired'

const released = (agent: Known, slot: HeldSlot, reason: Reason): readonly AgentEvent[] =>
  [Agent.AgentSlotReleased({ ...told(agent, slot, -1), reason }), ...crossed(agent, -1)]

const confirmed = (agent: Known, slot: HeldSlot): readonly AgentEvent[] =>
  (slot.use === 'reserved' ? [Agent.AgentSlotConfirmed(told(agent, slot, 0))] : [])

/** What the task requires, or the session wants the member for, when it names this slot of the agent; nothing when it does not. */
function skillsWanted({ task, session, slot }: Taking, { id, look }: Context): readonly string[] | undefined {
  if (session !== null) return seatOf(look(ensembleState, session), id, slot)
  const known = look(taskState, task!)
  const isTheirs = known.status !== 'NONE' && known.agentSlot?.agent === id && known.agentSlot.slot === slot
  return isTheirs ? known.details.requiredCapabilities : undefined
}

/** An agent on trial gets one task at a time. */
const isAvailable = (agent: Known) => {
  const { breaker: { is }, slots } = agent
  return takesWork(standingOf(agent)) && (is === 'CLOSED' || (is === 'HALF_OPEN' && slots.size === 0))
}

export const slots = room({
  reserve: {
    about: 'Take a slot of the agent, for a task that requires these skills or a session that wants them.',
    internal: true,
    data: Taking.extend({ skills: z.array(text(100)).max(50).default([]) }).refine(isForOne, { error: 'is for a task or a session' }),
    decide(state, { skills, ...taking }, context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      if (heldBy(state, taking)) return []
      return cooled(state, context, (agent) => {
        const load = loadOf(agent)
        if (!isAvailable(agent)) return reject('AGENT_NOT_AVAILABLE', { status: standingOf(agent), breaker: agent.breaker.is })
        if (load.current >= load.max) return reject('CAPACITY_EXCEEDED', load)
        return [Agent.AgentSlotReserved(told(agent, { ...taking, skills }, 1)), ...crossed(agent, 1)]
      })
    },
  },

  confirm: {
    about: 'The task or session that the slot is for names the agent: it is in use until that is given back or ends.',
    internal: true,
    data: Taking,
    decide(state, taking, context) {
      if (state.stage === 'unknown' || heldBy(state, taking)) return about(state, taking, context, confirmed)
      // Said again after the slot was given back, or said so late that the reservation had expired: only an assignment that stands counts.
      const skills = skillsWanted(taking, context)
      if (!skills) return []
      const load = loadOf(state)
      if (load.current >= load.max) return reject('CAPACITY_EXCEEDED', load)
      return [Agent.AgentSlotConfirmed(told(state, { ...taking, skills }, 1)), ...crossed(state, 1)]
    },
  },

  release: {
    about: 'Give the slot back without an outcome.',
    internal: true,
    data: Taking.extend({ reason: z.enum(['ended', 'not-started']) }),
    decide: (state, { reason, ...taking }, context) => about(state, taking, context, (agent, slot) => released(agent, slot, reason)),
  },

  expire: {
    about: 'The time of a reservation is up: it is confirmed if its task or session names the agent, else given back.',
    internal: true,
    data: Taking,
    decide: (state, taking, context) => about(state, taking, context, (agent, slot) => {
      if (slot.use !== 'reserved') return []
      return skillsWanted(taking, context) ? confirmed(agent, slot) : released(agent, slot, 'expired')
    }),
  },

  settle: {
    about: 'The task ended well or badly: the slot is free, and what is known of the agent is moved by a fifth.',
    internal: true,
    data: z.object({
      task: TaskId, slot: CommandId,
      success: z.boolean(), latency_ms: z.int().min(0).nullable().default(null), cost: z.int().min(0).nullable().default(null),
    }),
    decide: (state, { task, slot: name, ...outcome }, context) => about(state, taskPlace(task, name), context, (agent, slot) => {
      const { profile: { orchestrator, capabilities, reliability: registered } } = agent
      const [good, bad] = [agent.good + (outcome.success ? 1 : 0), agent.bad + (outcome.success ? 0 : 1)]
      const before = { reliability: reliabilityOf(registered, agent.good, agent.bad), skills: capabilities }
      const after = { reliability: reliabilityOf(registered, good, bad), skills: measured(capabilities, slot.skills, outcome) }
      const { badInRow, facts } = judged(without(agent, slot), outcome.success, context.at)
      const recorded = Agent.AgentOutcomeRecorded({ orchestrator, task, slot: name, ...outcome, good, bad, badInRow, before, after })
      return [...released(agent, slot, 'settled'), recorded, ...facts]
    }),
  },

  halfOpen: {
    about: 'The time of an open circuit is up: the agent gets one task, on trial.',
    internal: true,
    data: z.object({}),
    decide(state, _, { at }) {
      if (state.stage === 'unknown' || state.breaker.is !== 'OPEN' || at < state.breaker.until) return []
      return [Agent.AgentCircuitHalfOpened({ orchestrator: state.profile.orchestrator })]
    },
  },
})
