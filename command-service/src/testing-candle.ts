import { decider, fold, reject, type Evolve } from 'shared-domain/kernel/decider.ts'
import { events, type EventOf } from 'shared-domain/kernel/events.ts'
import { conflict } from 'shared-domain/kernel/refusal.ts'
import type { Watch } from 'shared-domain/kernel/watch.ts'
import { z } from 'zod'

const told = z.object({ wick: z.int() })
const Candle = events({
  CandleLit: { about: 'A candle was lit.', data: told },
  CandleWentDark: { about: 'It does not flicker any more.', data: told.extend({ lastSeen: z.string() }) },
  CandleShone: { about: 'It flickers again.', data: told.extend({ heard: z.string() }) },
  CandleBurntDown: { about: 'Nothing is left.', data: told },
})
type State = 'none' | 'lit' | 'dark' | 'down'
const evolve: Evolve<State, EventOf<typeof Candle>> = {
  CandleLit: () => 'lit', CandleWentDark: () => 'dark', CandleShone: () => 'lit', CandleBurntDown: () => 'down',
}

/** A thing that flickers. For tests only. */
export const candle = decider(fold<State, typeof Candle>('candle', Candle, 'none', evolve), {
  collection: 'candles',
  rejections: { BURNT_DOWN: conflict('There is nothing left to flicker.') },
  commands: {
    light: { about: 'Light it.', creates: true, data: told, decide: (state, said) => (state === 'none' ? [Candle.CandleLit(said)] : []) },
    flicker: {
      about: 'Show that it burns.',
      data: told.extend({ seen: z.string().optional() }),
      signal: { keep: 1, highest: 'seen' },
      answers: { fields: z.object({ is: z.string() }), of: (is) => ({ is }) },
      decide: (state) => (state === 'down' ? reject('BURNT_DOWN') : []),
    },
    smoke: {
      about: 'Say something in smoke.', data: z.object({ words: z.string() }), signal: { keep: 3, keep_days: 7 }, decide: () => [],
    },
    burn: { about: 'Let it burn down.', data: told, decide: (state, said) => (state === 'down' ? [] : [Candle.CandleBurntDown(said)]) },
    darken: {
      about: 'It went dark.', internal: true, data: told.extend({ lastSeen: z.string() }),
      decide: (state, said) => (state === 'lit' ? [Candle.CandleWentDark(said)] : []),
    },
    shine: {
      about: 'It shines again.', internal: true, data: told.extend({ heard: z.string() }),
      decide: (state, said) => (state === 'dark' ? [Candle.CandleShone(said)] : []),
    },
  },
})

export const candleWatch: Watch = {
  name: 'candleWatch', about: 'Sees whether it burns.', over: candle, signal: 'flicker', begins: ['CandleLit', 'CandleShone'],
  ends: ['CandleBurntDown'], silence_ms: 800, run: 2, gap_ms: 800, of: ({ wick }) => ({ wick }), lost: 'darken', back: 'shine',
}
