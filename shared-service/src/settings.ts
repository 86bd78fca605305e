import { isNetwork } from 'shared-domain/kernel/destination.ts'
import { z } from 'zod'

export type Environment = Readonly<Record<string, string | undefined>>

/** Settings that several services take. */
export const Host = z.string().min(1).default('127.0.0.1')
/** 0: any free one. */
export const Port = z.coerce.number().int().min(0).max(65_535)
export const Address = z.string().min(1)
export const LogLevel = z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info')

/** Networks, with commas between them; none by default. */
export const Networks = z.string().default('').transform((text) => text.split(',').map((one) => one.trim()).filter((one) => one !== ''))
  .pipe(z.array(z.string().refine(isNetwork, { error: 'holds what is no network, such as 10.0.0.0/8' })))

/** What the environment says, by this schema. Throws one sentence, which names every variable that is wrong. */
export function settingsFrom<Schema extends z.ZodObject>(schema: Schema, environment: Environment): z.output<Schema> {
  const { data, error } = schema.safeParse(environment)
  if (error) throw new Error(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  return data
}
