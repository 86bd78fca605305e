import t from 'tap'
import { z } from 'zod'
import { deciders } from '../catalogue.ts'
import { translated, wordsOf } from './alias.ts'
import { bulkBody, bulkWords, inBulkWords, olderBulkBody, ofAction } from './bulk.ts'
import type { Command, Decider } from './decider.ts'
import { now, uuid } from './testing.ts'

const declared = { commands: {
  open: { data: z.object({ reason: z.string().optional() }) },
  lockUp: { data: z.object({ key: z.string() }).refine(({ key }) => key !== 'none', { path: ['key'], error: 'opens nothing' }) },
} } as unknown as Decider
const doors = { about: 'Doors.', scope: 'write' as const, actions: { open: 'open', lock: 'lockUp' }, ids_max: 3 }

t.test('F-4 a request names streams, an action, and what the command of the action takes', async (t) => {
  const body = bulkBody(declared, doors)
  const refused = (said: object) => body.safeParse(said).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
  const ids = [uuid(1), uuid(2)]
  t.strictSame(body.parse({ ids, action: 'lock', key: 'k' }), { ids, action: 'lock', key: 'k' })
  t.strictSame(body.parse({ ids: ['0000000A-0000-7000-8000-000000000000'], action: 'open' }).ids, ['0000000a-0000-7000-8000-000000000000'])
  t.match(refused({ ids, action: 'lock' }), [/^key /])
  t.strictSame(refused({ ids, action: 'lock', key: 'none' }), ['key opens nothing'], 'what fields are held to together, too')
  t.strictSame(refused({ ids, action: 'paint' }), ['action is one of open, lock'])
  t.match(refused({ ids, action: 'open', key: 'k' }), [/Unrecognized key/])
  t.strictSame(refused({ ids: [uuid(1), uuid(1)], action: 'open' }), ['ids names something twice'])
  t.match(refused({ ids: [], action: 'open' }), [/^ids /])
  t.match(refused({ ids: [1, 2, 3, 4].map(uuid), action: 'open' }), [/^ids /])
  const { ids_max: _, ...usual } = doors
  const many = (count: number) => ({ ids: Array.from({ length: count }, (_, n) => uuid(n)), action: 'open' })
  t.ok(bulkBody(declared, usual).safeParse(many(50)).success)
  t.notOk(bulkBody(declared, usual).safeParse(many(51)).success)
})

t.test('F-4 what is offered for many at once is open to whoever may ask for each, on streams that exist', async (t) => {
  const bulks = deciders.flatMap(({ bulk, category, commands }) =>
    Object.values(bulk?.actions ?? {}).map((name) => ({ bulk: bulk!, category, name, commands })))
  t.ok(bulks.length > 0)
  for (const { bulk, category, name, commands } of bulks) {
    const { internal, creates, place, secret, scope = 'write', route = '' }: Command = commands[name]!
    t.notOk(internal || creates || place || secret, `${category}.${name} is sent to a stream that is named`)
    t.strictSame(route.match(/:\w+/g) ?? [':id'], [':id'], `${category}.${name} needs nothing more of the path`)
    t.ok(bulk.scope === undefined || bulk.scope === 'admin' || bulk.scope === scope, `${category}.${name} needs no more than the bulk`)
  }
})

t.test('F-61 older words call the ids and an action otherwise, and say the same', async (t) => {
  const [older, ids] = [{ ids: 'doorIds', actions: { shut: 'lock' } }, [uuid(1)]]
  const bulk = { ...doors, older }
  const meant = (said: object) => inBulkWords(bulk, said as never)
  t.strictSame(meant({ action: 'shut', doorIds: ids, key: 'k' }), { ids, action: 'lock', key: 'k' })
  t.strictSame(meant({ action: 'open', ids }), { action: 'open', ids })
  t.strictSame(meant({ action: 'open', ids, doorIds: ids }), { action: 'open', ids, doorIds: ids }, 'not both: the older name is refused')
  t.strictSame(inBulkWords(doors, { action: 'shut', doorIds: ids }), { action: 'shut', doorIds: ids })
  t.strictSame(inBulkWords({ ...doors, older: { ids: 'doorIds' } }, { action: 'open', doorIds: ids }), { action: 'open', ids })
  t.ok(olderBulkBody(bulk)!.safeParse({ action: 'shut', doorIds: ids }).success)
  t.notOk(olderBulkBody(bulk)!.safeParse({ action: 'paint', doorIds: ids }).success)
  t.equal(olderBulkBody(doors), undefined)
})

t.test('F-4 older words for many at once say of themselves which action they are', async (t) => {
  const alias = ofAction({ route: 'POST /doors/lock', fields: { doors: 'ids' } }, 'lock')
  const canonical = bulkWords(declared, doors, 'lock')
  const said = { doors: [uuid(1)], key: 'k' }
  t.ok(wordsOf(alias, canonical, z.uuid()).safeParse(said).success)
  t.notOk(wordsOf(alias, canonical, z.uuid()).safeParse({ ...said, action: 'lock' }).success)
  t.strictSame(translated(alias, canonical, said, now), { ids: [uuid(1)], key: 'k', action: 'lock' })
})
