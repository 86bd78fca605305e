import t from 'tap'
import { decider, fold, reject, type Evolve } from 'shared-domain/kernel/decider.ts'
import { events, type EventOf } from 'shared-domain/kernel/events.ts'
import { busy, gone, refusalKinds, type Refusals } from 'shared-domain/kernel/refusal.ts'
import { z } from 'zod'
import { asking, catalogue, house } from '../../command-service/src/fixture.ts'
import { aliasPage, commandPage } from '../../scripts/reference.ts'

const Lamp = events({ LampLit: { about: 'It burns.', data: z.object({ watts: z.int() }) } })
const evolve: Evolve<{ readonly watts: number }, EventOf<typeof Lamp>> = { LampLit: (_, { watts }) => ({ watts }) }

const every = Object.fromEntries(refusalKinds.map((kind) => [`IS_${kind.toUpperCase()}`, { kind, says: `It is ${kind}.` }])) as Refusals

/** An aggregate that no host has ever heard of, with codes that none knows. */
const lamp = decider(fold('lamp', Lamp, { watts: 0 }, evolve), {
  collection: 'lamps',
  rejections: { ...every, OUT_OF_OIL: gone('The lamp has burnt its oil.'), TOO_WINDY: busy('The wind blows it out.') } as Refusals,
  commands: {
    light: {
      about: 'Light it.',
      aliases: [{
        route: 'POST /rooms/:room/kindle', id: 'lampId', fields: { power: 'watts', mood: z.enum(['dim', 'bright']).optional() },
        about: 'Only the lamps of a room.',
        say: ({ mood, ...said }) => ({ ...said, ...(mood === 'dim' ? { watts: Number(said.watts) / 10 } : {}) }),
        guard: (_, { room, lampId }) => (room === lampId ? reject('OUT_OF_OIL') : undefined),
      }, { route: 'POST /lamps/:id/light', fields: { strength: 'watts' } }],
      data: z.object({ watts: z.int(), refused: z.string().optional() }),
      decide: (state, { watts, refused }) => (refused ? reject(refused, { watts }) : state.watts === watts ? [] : [Lamp.LampLit({ watts })]),
    },
  },
})

const deciders = [...catalogue.deciders, lamp]
const { service, key } = await house(t, { ...catalogue, deciders })
const ask = asking(service.url, key)
const id = '00000000-0000-7000-8000-000000000001'

t.test('a new command with a new code finds its route and status without a word to any host', async (t) => {
  t.match(await ask(`POST /lamps/${id}/light`, { watts: 5 }), { status: 200, body: { id, revision: '0', changed: true } })
  t.match(await ask(`POST /lamps/${id}/light`, { watts: 5, refused: 'OUT_OF_OIL' }), {
    status: 410, body: { status: 410, code: 'OUT_OF_OIL', title: 'The lamp has burnt its oil.', retryable: false, context: { watts: 5 } },
  })
  t.match(await ask(`POST /lamps/${id}/light`, { watts: 5, refused: 'TOO_WINDY' }), { status: 409, body: { code: 'TOO_WINDY', retryable: true } })
})

t.test('the kind of a refusal is its status, and whether to ask again', async (t) => {
  const statuses = { invalid: 400, forbidden: 403, unknown: 404, conflict: 409, busy: 409, gone: 410, unprocessable: 422 }
  for (const kind of refusalKinds) {
    const { status, body } = await ask(`POST /lamps/${id}/light`, { watts: 1, refused: `IS_${kind.toUpperCase()}` })
    t.match({ status, body }, { status: statuses[kind], body: { title: `It is ${kind}.`, retryable: kind === 'busy' } }, kind)
  }
})

t.test('a new command with a new code is documented, each refusal under its own status', async (t) => {
  const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as any
  const { operationId, responses } = paths['/api/v1/lamps/{id}/light'].post
  t.equal(operationId, 'lamp.light')
  t.match(responses[410].description, '`OUT_OF_OIL`: The lamp has burnt its oil.')
  t.match(responses[409].description, '`TOO_WINDY`: The wind blows it out.')
  t.notMatch(responses[409].description, 'OUT_OF_OIL')
  const page = commandPage(deciders, catalogue.choices)
  for (const line of ['| `POST /api/v1/lamps/:id/light` | Light it. |', '| `OUT_OF_OIL` | gone | The lamp has burnt its oil. |'])
    t.ok(page.includes(line), line)
})

t.test('H-1 H-2 an alias of a new command finds its route, header and document without a word to any host', async (t) => {
  const [lampId, room] = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b']
  const kindled = await ask(`POST /rooms/${room}/kindle`, { lampId, power: 5 }, { 'idempotency-key': 'k' })
  t.match(kindled, { status: 200, body: { id: lampId, revision: '0', changed: true } })
  t.equal(kindled.headers.get('link'), `</api/v1/lamps/${lampId}/light>; rel="successor-version"`)
  t.strictSame((await ask(`POST /lamps/${lampId}/light`, { watts: 5 }, { 'idempotency-key': 'k' })).body, kindled.body, 'one key, whatever the words')
  t.match(await ask(`POST /rooms/${room}/kindle`, { lampId, power: 90, mood: 'dim' }, { 'if-match': '"0"' }), { body: { revision: '1' } })
  t.match(await ask(`POST /rooms/${room}/kindle`, { lampId, power: 9 }), { status: 200, body: { changed: false } }, 'what is so already is no fact')
  t.match(await ask(`POST /rooms/${room}/kindle`, { lampId, power: 9 }, { 'if-match': '"7"' }), { status: 412 })
  t.match(await ask(`POST /rooms/${lampId}/kindle`, { lampId, power: 7 }), { status: 410, body: { code: 'OUT_OF_OIL' } }, 'guarded')
  const shared = await ask(`POST /lamps/${lampId}/light`, { strength: 8 })
  t.match(shared, { status: 200, body: { revision: '2' } }, 'older fields on the same route')
  t.ok(shared.headers.get('link'))
  t.notOk((await ask(`POST /lamps/${lampId}/light`, { watts: 8 })).headers.get('link'))
})

t.test('H-5 older names are taken by the alias alone, and never beside their own', async (t) => {
  const kindle = `POST /rooms/${id}/kindle`
  const lampId = '00000000-0000-7000-8000-00000000000c'
  const cases = [
    [kindle, { lampId, watts: 5 }, '/watts', 'is called power in these words'],
    [kindle, { lampId, watts: 5, power: 5 }, '/watts', 'is called power in these words'],
    [kindle, { lampId, power: 'much' }, '/power', /number/],
    [kindle, { lampId, power: 5, mood: 'dim' }, '/power', /int/],
    [kindle, { power: 5 }, '/lampId', /./],
    [kindle, { lampId, power: 5, strength: 5 }, '/strength', 'is not known here'],
    ['POST /rooms/x/kindle', { lampId, power: 5 }, '#/path/room', 'is not a uuid'],
    [`POST /lamps/${lampId}/light`, { watts: 5, strength: 5 }, '/watts', 'is called strength in these words'],
    [`POST /lamps/${lampId}/light`, { power: 5 }, '/watts', /./],
  ] as const
  for (const [route, body, pointer, message] of cases) {
    t.match(await ask(route, body), { status: 400, body: { code: 'VALIDATION_ERROR', errors: [{ pointer, message }] } }, JSON.stringify([route, body]))
  }
})

t.test('H-2 H-6 an alias is in the document, deprecated, and on the page of older words', async (t) => {
  const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as any
  const { deprecated, description, requestBody, ...kindle } = paths['/api/v1/rooms/{room}/kindle'].post
  t.equal(deprecated, true)
  t.strictSame(kindle['x-successors'], ['POST /api/v1/lamps/{id}/light'])
  t.match(description, 'Only the lamps of a room.')
  t.strictSame(Object.keys(requestBody.content['application/json'].schema.properties).sort(), ['lampId', 'mood', 'power', 'refused'])
  const own = paths['/api/v1/lamps/{id}/light'].post
  t.notOk(own.deprecated, 'a route that takes its own words, too, is not')
  t.strictSame(own.requestBody.content['application/json'].schema.anyOf.map(({ properties }: any) => Object.keys(properties).sort()), [['refused', 'watts'], ['refused', 'strength']])
  const line = '| `POST /rooms/:room/kindle` | `power` → `watts`, `mood` | `POST /lamps/:id/light` | Only the lamps of a room. |'
  t.ok(aliasPage({ ...catalogue, deciders, readModels: [], questions: [] }).includes(line), line)
})
