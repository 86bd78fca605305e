import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { StoredInstant } from '../../vocabulary.ts'
import { Slug, type OrganizationEvent } from './events.ts'
import { Settings, withDefaults } from './settings.ts'

const row = z.object({
  slug: Slug,
  name: z.string(),
  zone: z.string(),
  status: z.enum(['ACTIVE', 'SUSPENDED']),
  /** Of its suspension. */
  status_reason: z.string().nullable(),
  since: StoredInstant,
  set: z.record(z.string(), z.json()),
  created_at: StoredInstant,
})

const project: Project<typeof row, 'slug', OrganizationEvent> = {
  OrganizationCreated: ({ at, data }) => [{ put: { ...data, status: 'ACTIVE', status_reason: null, since: at, set: {}, created_at: at } }],
  OrganizationSuspended: ({ id, at: since, data: { reason } }) =>
    [{ patch: { status: 'SUSPENDED', status_reason: reason, since }, at: { slug: id } }],
  OrganizationResumed: ({ id, at: since }) => [{ patch: { status: 'ACTIVE', status_reason: null, since }, at: { slug: id } }],
  OrganizationConfigured: ({ id, data: { set } }) => [{ patch: { set }, at: { slug: id } }],
}

export const organizations = readModel({
  name: 'organization',
  about: 'The organization with its settings; operators see all of them.',
  version: 2,
  path: '/organizations',
  row,
  key: ['slug'],
  self: 'slug',
  operators: true,
  filters: ['status'],
  computed: z.object({ settings: Settings.describe('What holds: what is set, and what is so without.') }),
  compute: ({ set }) => ({ settings: withDefaults(set) }),
  project,
})
