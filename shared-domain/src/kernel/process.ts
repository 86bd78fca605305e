import type { z } from 'zod'
import type { Decider } from './decider.ts'
import type { AnyEvent, Recorded } from './fact.ts'
import type { Intent, Reaction, Report } from './intent.ts'

export const send = <Data extends Record<string, z.ZodObject>, Name extends keyof Data & string>(
  { category }: Decider<any, any, any, Data>, id: string, command: Name, data: z.input<Data[Name]>,
  when: { due?: string; key?: string; patience_ms?: number; report?: Report } = {},
): Intent => ({ category, id, command, data, ...when })

/** Whom to tell what becomes of an intent: a command that takes an `outcome` besides this. */
export const tell = <Data extends Record<string, z.ZodObject>, Name extends keyof Data & string>(
  { category }: Decider<any, any, any, Data>, id: string, command: Name, data: Omit<z.input<Data[Name]>, 'outcome'>,
): Report => ({ category, id, command, data })

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
