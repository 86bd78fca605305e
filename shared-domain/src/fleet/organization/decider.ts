import { z } from 'zod'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { decider, isPrivileged, reject } from '../../kernel/decider.ts'
import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'
import { text, TimeZone } from '../../vocabulary.ts'
import { budgetState, latestOf } from '../budget/state.ts'
import { Organization, Slug } from './events.ts'
import { settingNames, SomeSettings } from './settings.ts'
import { organizationState } from './state.ts'

export const organization = decider(organizationState, {
  collection: 'organizations',
  rejections: {
    NOT_FOUND: unknown('There is no such organization.'),
    FORBIDDEN: forbidden('Only an admin may do this.'),
    ORGANIZATION_EXISTS: conflict('There is an organization of this name already.'),
  },

  commands: {
    create: {
      about: 'Begin an organization.',
      internal: true,
      data: z.object({ slug: Slug, name: text(200), zone: TimeZone.default('UTC') }),
      place: ({ slug }) => slug,
      decide({ profile }, { slug, name, zone }) {
        if (!profile) return [Organization.OrganizationCreated({ slug, name, zone })]
        return profile.name === name && profile.zone === zone ? [] : reject('ORGANIZATION_EXISTS')
      },
    },

    configure: {
      about: 'Change settings of the organization; what is not said stays.',
      route: 'POST /organizations/self/configure',
      scope: 'admin',
      data: SomeSettings,
      place: (_, { organization }) => organization,
      decide({ profile, set, settings }, wanted, context) {
        if (!profile) return reject('NOT_FOUND')
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        const names = settingNames.filter((name) =>
          wanted[name] !== undefined && canonicalJson(wanted[name]) !== canonicalJson(settings[name]))
        if (names.length === 0) return []
        const changed = Object.fromEntries(names.map((name) => [name, wanted[name]!]))
        const before = Object.fromEntries(names.map((name) => [name, settings[name]]))
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
