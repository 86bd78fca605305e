import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { decider, fold, reject, type Evolve } from './decider.ts'
import type { Meta } from './fact.ts'
import { events, type EventOf } from './events.ts'
import { conflict } from './refusal.ts'
import { admin, behaviour, now, on, replay, uuid } from './testing.ts'

const Lamp = events({
  LampLit: { about: 'It burns.', data: z.object({ watts: z.number().transform(Math.round) }) },
  LampSeen: { about: 'Somebody saw it.', data: z.object({}) },
})

interface State { readonly lit: boolean }
const evolve: Evolve<State, EventOf<typeof Lamp>> = { LampLit: () => ({ lit: true }), LampSeen: (state) => state }
const lampState = fold('lamp', Lamp, { lit: false }, evolve)

const lamp = decider(lampState, {
  collection: 'lamps',
  rejections: { DARK: conflict('It does not burn.'), BRIGHT: conflict('It burns.') },
  commands: {
    light: {
      about: 'Light it.',
      data: z.object({ watts: z.number() }),
      decide: ({ lit }, { watts }) => (lit ? [] : [Lamp.LampLit({ watts })]),
    },
    see: { about: 'See it.', data: z.object({}), decide: ({ lit }) => (lit ? [Lamp.LampSeen({})] : reject('DARK', { watts: 0 })) },
    mirror: {
      about: 'See another.',
      data: z.object({ of: z.string() }),
      decide: (_, { of }, { look }) => (look(lampState, of).lit ? [] : reject('DARK')),
    },
  },
})

/** How many assertions fail in the trial. */
function failures(trial: (test: Test) => void): number {
  let failed = 0
  const note = (holds: boolean) => { if (!holds) failed++ }
  const test = {
    strictSame: (found: unknown, wanted: unknown) => note(isDeepStrictEqual(found, wanted)),
    ok: (value: unknown) => note(Boolean(value)),
    match: (found: { code?: string }, wanted: { code: string }) => note(found.code === wanted.code),
  }
  trial(test as unknown as Test)
  return failed
}

t.test('a scenario that holds passes', async (t) => {
  const lit = Lamp.LampLit({ watts: 40 })
  t.equal(failures((test) => {
    behaviour(test, lamp).given().when('light', { watts: 40 }).yields(lit)
    behaviour(test, lamp).given(lit).when('light', { watts: 40 }).changesNothing()
    behaviour(test, lamp).given(lit).when('see', {}).yieldsEachTime(Lamp.LampSeen({}))
    behaviour(test, lamp).given().by(admin).at(now).with({ id: uuid(7) }).when('see', {}).refuses('DARK', { watts: 0 })
    behaviour(test, lamp).given().seeing(lampState, uuid(7), lit).when('mirror', { of: uuid(7) }).changesNothing()
    behaviour(test, lamp).given(lit).when('mirror', { of: uuid(1) }).changesNothing()
  }), 0)
})

t.test('a scenario sees what does not hold', async (t) => {
  const lit = Lamp.LampLit({ watts: 40 })
  const planted: Readonly<Record<string, (test: Test) => void>> = {
    'another fact follows': (test) => behaviour(test, lamp).given().when('light', { watts: 40 }).yields(Lamp.LampLit({ watts: 60 })),
    'nothing follows': (test) => behaviour(test, lamp).given(lit).when('light', { watts: 40 }).yields(lit),
    'something follows': (test) => behaviour(test, lamp).given().when('light', { watts: 40 }).changesNothing(),
    'it adds to itself when it is sent again': (test) => behaviour(test, lamp).given(lit).when('see', {}).yields(Lamp.LampSeen({})),
    'it does not when it should': (test) => behaviour(test, lamp).given().when('light', { watts: 40 }).yieldsEachTime(lit),
    'the fact is another once it was stored': (test) =>
      behaviour(test, lamp).given().when('light', { watts: 40.4 }).yields(Lamp.LampLit({ watts: 40.4 })),
    'it is refused for another reason': (test) => behaviour(test, lamp).given().when('see', {}).refuses('BRIGHT'),
    'it is not refused': (test) => behaviour(test, lamp).given(lit).when('see', {}).refuses('DARK'),
  }
  for (const [name, trial] of Object.entries(planted)) t.ok(failures(trial) > 0, name)
})

t.test('facts happen now, one after the other, unless something else is said of them', async (t) => {
  const seen: unknown[] = []
  const watched = {
    ...lampState,
    evolve: (state: State, _: unknown, { at, revision }: Meta) => {
      seen.push([at, revision])
      return state
    },
  }
  replay(watched, [Lamp.LampSeen({}), on(Lamp.LampSeen({}), { at: '2031-01-01T00:00:00.000Z' })])
  t.strictSame(seen, [[now, 0], ['2031-01-01T00:00:00.000Z', 1]])
})
