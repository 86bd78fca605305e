import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { StoredInstant } from '../../vocabulary.ts'
import { Slug, type OrganizationEvent } from './events.ts'
import { Settings, withDefaults } from './settings.ts'

const row = z.object({
  slug: Slug,
  name: z.string(),
  zone: z.string(),
  set: z.record(z.string(), z.json()),
  created_at: StoredInstant,
})

const project: Project<typeof row, 'slug', OrganizationEvent> = {
  OrganizationCreated: ({ at, data }) => [{ put: { ...data, set: {}, created_at: at } }],
  OrganizationConfigured: ({ id, data: { set } }) => [{ patch: { set }, at: { slug: id } }],
}

export const organizations = readModel({
  name: 'organization',
  about: 'Which organizations there are, and their settings.',
  version: 1,
  path: '/organizations',
  row,
  key: ['slug'],
  self: 'slug',
  computed: z.object({ settings: Settings.describe('What holds: what is set, and what is so without.') }),
  compute: ({ set }) => ({ settings: withDefaults(set) }),
  project,
})
