import t from 'tap'
import { z } from 'zod'
import { cloudEvent, shareable } from './cloud-event.ts'
import { events } from './events.ts'
import { recorded } from './picture.ts'
import { admin, now, subject, uuid } from './testing.ts'

const Vault = events({
  VaultOpened: { about: 'A vault was opened.', data: z.object({ by: z.string(), code: z.string().meta({ secret: true }) }) },
  VaultClosed: { about: 'A vault was closed.', data: z.object({ by: z.string() }) },
})
const opened = recorded({ category: 'vault' }, Vault.VaultOpened({ by: 'ada', code: '1234' }), { by: admin, revision: 3, position: '77' })
const provenance = { eventId: uuid(1), correlationId: null, causationId: null }

t.test('S-66 a fact as a CloudEvent, without what its schema calls secret', async (t) => {
  t.strictSame(cloudEvent(Vault.definitions.VaultOpened!, opened, provenance), {
    specversion: '1.0', id: uuid(1), source: '/organizations/acme/vault', type: 'baton.VaultOpened', subject: `vault-${subject}`, time: now,
    datacontenttype: 'application/json', dataschema: 'baton:/schemas/VaultOpened/1', organization: 'acme', revision: '3', position: '77',
    actor: 'admin:ada', commandid: uuid(900),
    data: { by: 'ada' },
  })
})

t.test('S-65 S-66 where it comes from is told where it is known', async (t) => {
  const told = cloudEvent(Vault.definitions.VaultOpened!, { ...opened, imported: true }, {
    ...provenance, correlationId: 'c', causationId: 'd',
  })
  t.match(told, { correlationid: 'c', causationid: 'd', imported: true })
})

t.test('a fact without secrets is shared as it is', async (t) => {
  const data = { by: 'ada' }
  t.equal(shareable(Vault.definitions.VaultClosed!, data), data)
})
