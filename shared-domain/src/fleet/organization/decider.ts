import { z } from 'zod'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { decider, isPrivileged, operators, reject, type Hold, type SettingValues } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'
import { second_ms } from '../../kernel/time.ts'
import { text, TimeZone } from '../../vocabulary.ts'
import { budgetState, latestOf } from '../budget/state.ts'
import { apiKey } from '../key/decider.ts'
import { keyIdOf } from '../key/state.ts'
import { Organization, Slug } from './events.ts'
import { settingNames, SomeSettings, type SettingName } from './settings.ts'
import { organizationState } from './state.ts'

/** In paths it is the caller's own. */
const NewSlug = Slug.refine((slug) => slug !== 'self', { error: 'means one\'s own everywhere' })

const Named = z.object({ slug: Slug })

/** Somebody must be able to come in: the key is there before its organization is, and goes when that does not come. */
const firstKey = (hash: string): Hold => ({
  take: send(apiKey, keyIdOf(hash), 'generateFirst', {}),
  giveBack: () => send(apiKey, keyIdOf(hash), 'retire', { reason: 'not-created' }),
  within_ms: first_ms,
})

const first_ms = 30 * second_ms

/** Their own could not be resumed by anybody. */
const own = (slug: string) => (slug === operators ? reject('FORBIDDEN') : undefined)

/** As facts keep them: whatever a setting is, it is JSON. */
const valuesOf = (names: readonly SettingName[], values: SettingValues) =>
  Object.fromEntries(names.map((name) => [name, values[name]])) as Record<string, z.output<ReturnType<typeof z.json>>>

export const organization = decider(organizationState, {
  collection: 'organizations',
  rejections: {
    NOT_FOUND: unknown('There is no such organization.'),
    FORBIDDEN: forbidden('Only an admin may do this, and nobody suspends the operators.'),
    ORGANIZATION_EXISTS: conflict('There is an organization of this name already.'),
  },

  commands: {
    create: {
      about: 'Begin an organization, with an admin key of its own, shown once.',
      creates: true,
      operators: true,
      secret: true,
      fresh: true,
      scope: 'admin',
      data: z.object({ slug: NewSlug, name: text(200), zone: TimeZone.default('UTC') }),
      place: ({ slug }) => slug,
      holds: (_, __, { secret }) => (secret ? firstKey(secret.hash) : undefined),
      decide: ({ profile }, said) => (profile ? reject('ORGANIZATION_EXISTS') : [Organization.OrganizationCreated(said)]),
    },

    suspend: {
      about: 'Refuse every command of the keys of an organization, and let its timers wait, until it is resumed; it may go on reading.',
      route: 'POST /organizations/:slug/suspend',
      creates: false,
      operators: true,
      scope: 'admin',
      data: Named.extend({ reason: text(500) }),
      place: ({ slug }) => slug,
      decide({ profile, suspended }, { slug, reason }) {
        if (!profile) return reject('NOT_FOUND')
        return own(slug) ?? (suspended === null ? [Organization.OrganizationSuspended({ reason })] : [])
      },
    },

    resume: {
      about: 'Take commands of the keys of an organization again; what fell due meanwhile happens now, in its order.',
      route: 'POST /organizations/:slug/resume',
      creates: false,
      operators: true,
      scope: 'admin',
      data: Named,
      place: ({ slug }) => slug,
      decide({ profile, suspended }) {
        if (!profile) return reject('NOT_FOUND')
        return suspended === null ? [] : [Organization.OrganizationResumed({})]
      },
    },

    configure: {
      about: 'Change settings of the organization; what is not said stays.',
      route: 'POST /organizations/self/configure',
      creates: false,
      scope: 'admin',
      data: SomeSettings,
      place: (_, { organization }) => organization,
      decide({ profile, set, settings }, wanted, context) {
        if (!profile) return reject('NOT_FOUND')
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        const names = settingNames.filter((name) =>
          wanted[name] !== undefined && canonicalJson(wanted[name]) !== canonicalJson(settings[name]))
        if (names.length === 0) return []
        const changed = valuesOf(names, wanted)
        const before = valuesOf(names, settings)
        return [Organization.OrganizationConfigured({ changed, before, set: { ...set as typeof changed, ...changed } })]
      },
    },

    guard: {
      about: 'Note what all commands are to heed.',
      internal: true,
      data: z.object({}),
      place: (_, { organization }) => organization,
      decide({ budget: before }, _, { id, look }) {
        const budget = latestOf(look(budgetState, id).exhausted)
        return canonicalJson(budget) === canonicalJson(before) ? [] : [Organization.OrganizationGuarded({ budget })]
      },
    },
  },
})
