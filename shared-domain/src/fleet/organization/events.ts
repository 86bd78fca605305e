import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Blocked } from '../budget/events.ts'

export const Slug = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'is a small letter, then up to 62 small letters, digits and hyphens')

/** Settings as they were when they were set, whatever they may be now. */
const SettingValues = z.record(z.string(), z.json())

export const Organization = events({
  OrganizationCreated: {
    about: 'There is an organization of this name: its streams, rows and keys are its own.',
    data: z.object({ slug: Slug, name: z.string(), zone: z.string() }),
  },
  OrganizationGuarded: {
    about: 'Whether the budget of the organization is exhausted, as all commands in it heed it from now on.',
    data: z.object({ budget: Blocked.nullable() }),
  },
  OrganizationSuspended: {
    about: 'Its keys may ask and change nothing, and its timers wait, until it is resumed.',
    data: z.object({ reason: z.string() }),
  },
  OrganizationResumed: {
    about: 'Its keys may change things again, and what fell due meanwhile happens now.',
    data: z.object({}),
  },
  OrganizationConfigured: {
    about: 'Settings were changed; `before` has what held until then, `set` everything that is set by now.',
    data: z.object({ changed: SettingValues, before: SettingValues, set: SettingValues }),
  },
})

export type OrganizationEvent = EventOf<typeof Organization>
