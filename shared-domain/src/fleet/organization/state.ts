import { fold, type Evolve, type SettingValues } from '../../kernel/decider.ts'
import { settingsStand } from '../../kernel/settings.ts'
import type { Blocked } from '../budget/events.ts'
import { Organization, type OrganizationEvent } from './events.ts'
import { defaults, withDefaults, type Settings } from './settings.ts'

export interface OrganizationState {
  /** Null where keys speak for an organization that nobody has created. */
  readonly profile: { readonly name: string; readonly zone: string } | null
  /** Why it is suspended, null when it is not. */
  readonly suspended: string | null
  readonly set: SettingValues
  /** What holds: what is set, and what is so without. */
  readonly settings: Settings
  /** A limit of the organization that is reached, until when nothing new starts. */
  readonly budget: Blocked | null
}

const initial: OrganizationState = { profile: null, suspended: null, set: {}, settings: defaults, budget: null }

const evolve: Evolve<OrganizationState, OrganizationEvent> = {
  OrganizationCreated: (state, { name, zone }) => ({ ...state, profile: { name, zone } }),
  OrganizationGuarded: (state, { budget }) => ({ ...state, budget }),
  OrganizationSuspended: (state, { reason: suspended }) => ({ ...state, suspended }),
  OrganizationResumed: (state) => ({ ...state, suspended: null }),
  OrganizationConfigured: (state, { set }) => ({ ...state, set, settings: withDefaults(set) }),
}

export const organizationState = fold('organization', Organization, initial, evolve)

export const organizationSettings = settingsStand(organizationState, ({ settings }) => settings)
