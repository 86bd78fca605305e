import fc from 'fast-check'
import { z } from 'zod'
import type { Command, Decider } from './decider.ts'
import { digestOf } from './digest.ts'
import type { Actor } from './fact.ts'
import { admin, now, orchestrator, organization, system, tool, uuid } from './testing.ts'
import { hour_ms, later } from './time.ts'
import type { Wish } from './world.ts'

/** Few ids for everything, so that what is generated meets again. */
export const ids = [1, 2, 3, 4].map(uuid)

/** Of something that may be said of anything: it has no more than a name. */
const digest = digestOf({ action: 'a' })

interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  /** What the schema itself gives as examples. */
  readonly examples?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema
}

const formats: Readonly<Record<string, fc.Arbitrary<string>>> = {
  uuid: fc.constantFrom(...ids),
  'date-time': fc.integer({ min: -48, max: 200 }).map((hours) => later(now, hours * hour_ms)),
  email: fc.constantFrom('ada@example.org', 'bob@example.org'),
  uri: fc.constantFrom('https://example.org/agent', 'http://10.0.0.1:8080'),
}

function text({ format, pattern, minLength = 0, maxLength = 500 }: Schema): fc.Arbitrary<unknown> {
  const known = format === undefined ? undefined : formats[format]
  if (known) return known
  if (format === 'base64') return fc.constant(`${'A'.repeat(Math.max(0, minLength - 1))}=`)
  if (pattern?.includes('[0-9a-f]{64}')) return fc.constantFrom(digest, '0'.repeat(64))
  if (pattern?.includes('\\d{1,19}')) return fc.nat(9).map(String)
  if (pattern?.includes('1[0-2]')) return fc.constantFrom(now.slice(0, 7).replace('-', ''), '202912')
  return fc.oneof(fc.constantFrom('a', 'UTC', 'Asia/Tokyo', ...ids), fc.string({ minLength, maxLength: Math.min(maxLength, 12) }))
}

/** Values of a JSON schema as the domain writes them; what the schema cannot say (a refinement) is left to the parse after it. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  const { type, oneOf, anyOf = oneOf, minimum, maximum, exclusiveMinimum, items, minItems = 0, maxItems = 3 } = schema
  const { properties = {}, required = [], additionalProperties } = schema
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.examples) return fc.constantFrom(...schema.examples)
  if (anyOf) return fc.oneof(...anyOf.map(valueOf))
  switch (type) {
    case 'string': return text(schema)
    case 'integer': return fc.integer({ min: Math.max(minimum ?? 0, -1_000), max: Math.min(maximum ?? 9, 1_000) })
    case 'number': return fc.double({
      min: minimum ?? exclusiveMinimum ?? 0, max: maximum ?? 9, minExcluded: exclusiveMinimum !== undefined, noNaN: true,
    })
    case 'boolean': return fc.boolean()
    case 'null': return fc.constant(null)
    case 'array': return fc.array(valueOf(items!), { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 3)) })
    case 'object': {
      if (additionalProperties && Object.keys(additionalProperties).length > 0)
        return fc.dictionary(fc.constantFrom('x', 'y'), valueOf(additionalProperties), { noNullPrototype: true, maxKeys: 2 })
      const fields = Object.entries(properties).map(([name, property]) => [name, valueOf(property)] as const)
      return recordOf(Object.fromEntries(fields), required)
    }
    // As it is stored: JSON knows no zero below zero.
    default: return fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.parse(JSON.stringify(value)))
  }
}

/** Few of many optional fields at once: what excludes one another would else nearly always meet. */
function recordOf(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>, required: readonly string[]): fc.Arbitrary<unknown> {
  const optional = Object.keys(fields).filter((name) => !required.includes(name))
  const some = (names: readonly string[]) =>
    fc.record(Object.fromEntries([...required, ...names].map((name) => [name, fields[name]!])), { noNullPrototype: true })
  if (optional.length <= 6) return fc.record(fields, { requiredKeys: [...required], noNullPrototype: true })
  return fc.oneof(fc.subarray(optional, { maxLength: 4 }).chain(some), fc.subarray(optional).chain(some))
}

const misses_max = 20_000

/** Inputs that the schema takes. */
export function inputOf(schema: z.ZodObject): fc.Arbitrary<unknown> {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline', cycles: 'ref' }) as Schema
  let misses = 0
  return valueOf(json).filter((input) => {
    const isTaken = schema.safeParse(input).success
    misses = isTaken ? 0 : misses + 1
    if (misses > misses_max) throw new Error(`of ${misses_max} inputs none was taken: ${Object.keys(schema.shape).join(', ')}`)
    return isTaken
  })
}

/** One command that somebody sends after some time. */
export interface Step {
  readonly wish: Wish
  readonly wait_ms: number
}

const actors: readonly Actor[] = [admin, admin, system, tool, ...ids.map(orchestrator)]
const waits_ms = [0, 0, 0, 1_000, 20_000, 61_000, 6 * hour_ms]

/** The wish for the stream that it names, where the command says which. */
const placed = (wish: Wish, { data, place }: Command): Wish =>
  (place ? { ...wish, id: place(data.parse(wish.data), { at: now, organization }) } : wish)

const inputs_max = 64
const made = new WeakMap<Command, readonly unknown[]>()

/** Some inputs of a command, made once: to make one costs many times what it costs to decide about it. */
function inputsOf(command: Command): readonly unknown[] {
  const known = made.get(command) ?? fc.sample(inputOf(command.data), { seed: 2030, numRuns: inputs_max })
  made.set(command, known)
  return known
}

/** Any command of these deciders, by anybody, for any stream. */
export const stepOf = (deciders: readonly Decider[]): fc.Arbitrary<Step> => fc.oneof(...deciders.flatMap((decider) =>
  Object.entries<Command>(decider.commands).map(([name, command]) => fc.record({
    wish: fc.record({
      category: fc.constant(decider.category), command: fc.constant(name), id: fc.constantFrom(...ids), by: fc.constantFrom(...actors),
      data: fc.nat(inputs_max - 1).map((index) => inputsOf(command)[index]),
    }).map((wish) => placed(wish, command)),
    wait_ms: fc.constantFrom(...waits_ms),
  }))))
