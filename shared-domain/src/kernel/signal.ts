import { z } from 'zod'
import { readModel } from './read-model.ts'

/**
 * How is kept what is told often and is no fact. A command that declares it decides who may tell it, and leads to nothing; what was said
 * is written soon after, in batches, and a crash may lose it.
 */
export interface Signal {
  /** The newest so many of a stream. */
  readonly keep: number
  /** A field, digits as text, of which the highest that was ever told stays. */
  readonly highest?: string
  /** Forgotten so many days after it was told. */
  readonly keep_days?: number
}

/** What was told: rows that services write by themselves, which have no position in the log. */
export const signals = readModel({
  name: 'signal',
  about: 'What is told often and is no fact, the newest of each stream.',
  version: 1,
  path: '/signals',
  row: z.object({
    stream: z.string(), name: z.string(), no: z.int(), at: z.iso.datetime({ precision: 3 }), said: z.record(z.string(), z.json()),
  }),
  key: ['stream', 'name', 'no'],
  isOffLog: true,
})

/** Of two numbers as texts the higher. */
export const higher = (a: string, b: string): string => (BigInt(a) < BigInt(b) ? b : a)

type Said = Readonly<Record<string, unknown>>

/** What is kept when something is told after something else of which only one is. */
export function keptOf({ highest }: Pick<Signal, 'highest'>, before: Said | undefined, said: Said): Said {
  const [old, own] = highest === undefined ? [] : [before?.[highest], said[highest]] as (string | undefined)[]
  return old === undefined ? said : { ...said, [highest!]: own === undefined ? old : higher(old, own) }
}
