import { fold, type Evolve } from '../../kernel/decider.ts'
import { Agent, type AgentEvent, type Profile, type Slot, type Status } from './events.ts'
import type { Standing } from './load.ts'

/** The skills are those that what it was taken for requires. */
export interface HeldSlot extends Slot {
  readonly skills: readonly string[]
  readonly use: 'reserved' | 'active'
}

type Breaker = { readonly is: 'CLOSED' | 'HALF_OPEN' } | { readonly is: 'OPEN'; readonly until: string }

export interface Known {
  readonly stage: 'open' | 'retired'
  readonly organization: string
  /** With skills as they are measured now, and the reliability that was registered. */
  readonly profile: Profile
  /** As it was said, whatever the load. */
  readonly status: Status
  /** By `slotOf`. */
  readonly slots: ReadonlyMap<string, HeldSlot>
  readonly good: number
  readonly bad: number
  /** Bad outcomes since the last good one; those of an open circuit do not count. */
  readonly badInRow: number
  readonly breaker: Breaker
  /** Checksums by version. */
  readonly versions: ReadonlyMap<string, string>
  /** The agent that leads this one, and where in the log that was said. */
  readonly supervisor: { readonly agent: string; readonly since: string } | null
  /** Those whose ids are greater; of the others the fact stands with them. */
  readonly peers: ReadonlySet<string>
}

export type AgentState = { readonly stage: 'unknown' } | Known

export const slotOf = ({ task, session, slot }: Slot): string => `${task ?? session}/${slot}`

const known = (state: AgentState) => state as Known

const taken = (state: AgentState, { task, session, slot, skills }: Omit<HeldSlot, 'use'>, use: HeldSlot['use']): Known => {
  const held = { task, session, slot, skills, use }
  return { ...known(state), slots: new Map(known(state).slots).set(slotOf(held), held) }
}

export function without(agent: Known, slot: Slot): Known {
  const slots = new Map(agent.slots)
  slots.delete(slotOf(slot))
  return { ...agent, slots }
}

const same = (state: AgentState): AgentState => state

const evolve: Evolve<AgentState, AgentEvent> = {
  AgentRegistered: (_, profile, { organization }) => ({
    stage: 'open', organization, profile, status: 'IDLE', slots: new Map(), good: 0, bad: 0, badInRow: 0, breaker: { is: 'CLOSED' },
    versions: new Map(), supervisor: null, peers: new Set(),
  }),
  AgentUpdated: (state, profile) => ({ ...known(state), profile }),
  AgentStatusChanged: (state, { to: status }) => ({ ...known(state), status }),
  AgentRetired: (state) => ({ ...known(state), stage: 'retired' }),
  AgentVersionPublished: (state, { version, checksum }) =>
    ({ ...known(state), versions: new Map(known(state).versions).set(version, checksum) }),
  AgentSupervisorSet: (state, { agent }, { position: since }) => ({ ...known(state), supervisor: agent && { agent, since } }),
  AgentPeerAdded: (state, { peer }) => ({ ...known(state), peers: new Set(known(state).peers).add(peer) }),
  AgentPeerRemoved: (state, { peer }) => ({ ...known(state), peers: new Set([...known(state).peers].filter((one) => one !== peer)) }),
  AgentSlotReserved: (state, slot) => taken(state, slot, 'reserved'),
  AgentSlotConfirmed: (state, slot) => taken(state, slot, 'active'),
  AgentSlotReleased: (state, slot) => without(known(state), slot),
  AgentOverloaded: same,
  AgentOverloadWarned: same,
  AgentOverloadCleared: same,
  AgentOutcomeRecorded: (state, { good, bad, badInRow, after: { skills: capabilities } }) =>
    ({ ...known(state), good, bad, badInRow, profile: { ...known(state).profile, capabilities } }),
  AgentCircuitOpened: (state, { until }) => ({ ...known(state), breaker: { is: 'OPEN', until } }),
  AgentCircuitHalfOpened: (state) => ({ ...known(state), breaker: { is: 'HALF_OPEN' } }),
  AgentCircuitClosed: (state) => ({ ...known(state), breaker: { is: 'CLOSED' } }),
}

export const agentState = fold('agent', Agent, { stage: 'unknown' }, evolve)

/** The slots that are taken, as facts tell them. */
export const slotsOf = ({ slots }: Known): Slot[] => [...slots.values()].map(({ task, session, slot }) => ({ task, session, slot }))

export const loadOf = ({ slots, profile: { maxConcurrent: max } }: Pick<Known, 'slots' | 'profile'>) => ({ current: slots.size, max })

/** The status that was said last; `RETIRED` for what has left. */
export const standingOf = ({ stage, status }: Known): Standing => (stage === 'retired' ? 'RETIRED' : status)
