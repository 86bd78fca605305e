import t from 'tap'
import { z } from 'zod'
import { events } from './events.ts'
import { definitionsOf, factOf, provenanceOf, type Stored } from './stored.ts'
import { admin, now, organization, uuid } from './testing.ts'

const Thing = events({ ThingHappened: { about: 'It did.', data: z.object({ n: z.number() }) } })
const definitions = definitionsOf([{ events: Thing } as never])
const stored: Stored = {
  id: uuid(1), streamId: 'thing-a-b', type: 'ThingHappened', data: { n: 1 }, revision: 3n, position: { commit: 7n },
  metadata: { version: 1, at: now, by: admin, organization, commandId: uuid(2), $correlationId: 'c', request: 'not for readers' },
}

t.test('S-65 what a stored event says is a fact, with where it comes from', async (t) => {
  t.strictSame(factOf(stored, definitions), {
    type: 'ThingHappened', data: { n: 1 }, at: now, by: admin, organization, commandId: uuid(2), revision: 3,
    category: 'thing', id: 'a-b', position: '7', recipient: null,
  })
  t.strictSame(provenanceOf(stored), { eventId: uuid(1), correlationId: 'c', causationId: null })
  const imported = { ...stored, position: undefined, metadata: { at: now, by: admin, organization, imported: true } }
  t.match(factOf(imported, definitions), { imported: true, position: '0', commandId: '' })
})

t.test('an event that cannot be read says why', async (t) => {
  t.throws(() => factOf({ ...stored, type: 'ThingForgotten' }, definitions), /no aggregate declares ThingForgotten/)
  t.throws(() => factOf({ ...stored, data: { n: 'one' } }, definitions), /expected number/)
  t.throws(() => factOf({ ...stored, metadata: undefined }, definitions), /no organization, time or actor/)
  t.strictSame(provenanceOf({ ...stored, metadata: undefined }), { eventId: uuid(1), correlationId: null, causationId: null })
})
