import { z } from 'zod'

/** As the log and the rows have it: which key sealed it, and what only whoever has that key can open. */
export const Sealed = z.string().max(8_000).regex(/^sealed:[A-Za-z0-9_-]{1,40}:[A-Za-z0-9_-]+$/).meta({ sealed: true })

/** Cheap for whatever is not. */
export const isSealedText = (value: unknown): boolean =>
  typeof value === 'string' && value.startsWith('sealed:') && Sealed.safeParse(value).success

/** What is shown in its place. */
export const masked = '[sealed]'

/** What somebody says that must not be kept as it was said: the host seals it before anything is decided, so that it decides nothing. */
export const sealed = <Schema extends z.ZodType>(schema: Schema): Schema => schema.meta({ sealed: true }) as Schema

type Wrapped = z.ZodType & { readonly unwrap?: () => z.ZodType }

/** Whether what stands there is sealed, if anything does. */
export function isSealed(schema: Wrapped): boolean {
  if (schema.meta()?.sealed === true) return true
  return schema instanceof z.ZodArray || !schema.unwrap ? false : isSealed(schema.unwrap())
}

const known = new WeakMap<z.ZodObject, readonly string[]>()

/** The fields of an object that are sealed, in commands, facts and rows alike. */
export function sealedIn(schema: z.ZodObject): readonly string[] {
  let names = known.get(schema)
  if (!names) {
    names = Object.entries<z.ZodType>(schema.shape).filter(([, field]) => isSealed(field)).map(([name]) => name)
    known.set(schema, names)
  }
  return names
}

type Said = Readonly<Record<string, unknown>>

/** The same with other values where something sealed stands. */
export function withSealed<Value extends Said>(schema: z.ZodObject, value: Value, other: (text: string, field: string) => string): Value {
  const names = sealedIn(schema).filter((name) => typeof value[name] === 'string')
  return names.length === 0 ? value : { ...value, ...Object.fromEntries(names.map((name) => [name, other(value[name] as string, name)])) }
}

/** As a host seals, for hosts without keys: of tests. Also what looks like nothing stays apart from everything else. */
export const sealedForTests = <Value>(schema: z.ZodType, value: Value): Value =>
  (schema instanceof z.ZodObject
    ? withSealed(schema, value as Said, (text) => `sealed:none:${text.replace(/[^A-Za-z0-9_-]/g, '-') || '-'}`) as Value : value)
