import t from 'tap'
import { decider, fold, reject, type Evolve } from 'shared-domain/kernel/decider.ts'
import { events, type EventOf } from 'shared-domain/kernel/events.ts'
import { busy, gone, refusalKinds, type Refusals } from 'shared-domain/kernel/refusal.ts'
import { z } from 'zod'
import { asking, catalogue, house } from '../../command-service/src/fixture.ts'
import { commandPage } from '../../scripts/reference.ts'

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
