import type { z } from 'zod'
import type { AnyEvent, Decider } from './decider.ts'
import type { Recorded } from './read-model.ts'

/** Something the system itself wants done, now or when `due` has come. A due intent has a key. */
export interface Intent {
  readonly category: string
  readonly id: string
  readonly command: string
  readonly data: unknown
  /** Instant at which it becomes a command; at once when not given. */
  readonly due?: string
  /** A later intent under the same key replaces an earlier one that is still waiting. */
  readonly key?: string
  /** The wait measures silence, which means nothing while nobody listens: whoever takes the lead lets at least so much time pass. */
  readonly patience_ms?: number
}

export const send = <Data extends Record<string, z.ZodObject>, Name extends keyof Data & string>(
  { category }: Decider<any, any, any, Data>, id: string, command: Name, data: z.input<Data[Name]>,
  when: { due?: string; key?: string; patience_ms?: number } = {},
): Intent => ({ category, id, command, data, ...when })

/** Withdraws the intent that still waits under this key. */
export interface Forget {
  readonly forget: string
}

export const forget = (key: string): Forget => ({ forget: key })

export type Reaction = readonly (Intent | Forget)[]

export type React<Event extends AnyEvent> = {
  readonly [E in Event as E['type']]?: (event: Recorded<E>) => Reaction
}

/** Answers facts with intents. A redelivered fact yields the same commands under the same ids, so nothing happens twice. */
export interface Process {
  readonly name: string
  readonly about: string
  readonly react: Readonly<Record<string, (event: any) => Reaction>>
}

export const process = <Event extends AnyEvent>(definition: { name: string; about: string; react: React<Event> }): Process =>
  definition as never
