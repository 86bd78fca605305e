import { routeParts } from 'shared-domain/kernel/alias.ts'
import { addressed, operationOf, takingOf, type Operation, type Shape } from '../operations.ts'
import type { Api } from '../api.ts'

export type Said = Readonly<Record<string, unknown>>

/** What a tool acts with. */
export interface Acting {
  readonly api: Api
  /** The orchestrator of the key, where it is one's. */
  readonly orchestrator: string | undefined
}

/** What an agent may use, as the Model Context Protocol describes it. */
export interface Tool {
  readonly name: string
  readonly about: string
  readonly input: Shape
  readonly hints: { readonly readOnly: boolean; readonly destructive: boolean; readonly idempotent: boolean }
  readonly run: (acting: Acting, said: Said) => Promise<Said>
  /** What becomes of the lease of the task that is named or taken, when it went well. */
  readonly lease?: 'takes' | 'uses' | 'ends'
}

const uuid = { type: 'string', format: 'uuid' }
const idempotencyKey = { type: 'string', minLength: 1, maxLength: 255, description: 'The same key again gives the first answer again, and does nothing twice.' }

interface Wording {
  readonly name: string
  readonly about?: string
  /** What the stream is called among the arguments. */
  readonly id?: string
  readonly destructive?: boolean
  readonly lease?: Tool['lease']
}

/** What is asked of an orchestrator is asked of the key's own, where no other is named. */
const by = ({ orchestrator }: Acting, parameters: readonly string[], said: Said): Said =>
  (orchestrator !== undefined && parameters.includes('orchestrator') ? { orchestrator, ...said } : said)

/** A command as a tool: its own schema, the id under a name that says what it is of, and an idempotency key. */
export function telling(operation: Operation, { name, about = operation.about, id, destructive = false, lease }: Wording): Tool {
  const { method, path, parameters, input } = operation
  const named = parameters.map((parameter) => (parameter === 'id' ? id ?? 'id' : parameter))
  const place = { path: path.replace(/:id\b/, `:${id ?? 'id'}`), parameters: named }
  const needed = named.filter((parameter) => parameter !== 'orchestrator')
  // A lease that was taken here is known here.
  const required = [...needed, ...(input.required ?? []).filter((field) => field !== 'token')]
  return {
    name, about, ...(lease ? { lease } : {}),
    hints: { readOnly: false, destructive, idempotent: false },
    input: {
      ...input, required: [...new Set(required)],
      properties: { ...Object.fromEntries(named.map((parameter) => [parameter, uuid])), ...input.properties, idempotency_key: idempotencyKey },
    },
    async run(acting, { idempotency_key: key, ...said }) {
      const { path, rest } = addressed(place, by(acting, named, said))
      return { ...await acting.api.send(method, path, rest, typeof key === 'string' ? { key } : {}) }
    },
  }
}

export const commandTool = (category: string, command: string, wording: Wording): Tool => telling(operationOf(category, command), wording)

export const takingTool = (choice: string, wording: Wording): Tool => telling(takingOf(choice), wording)

interface Asking {
  readonly name: string
  readonly about: string
  /** With `:name` for each parameter. */
  readonly path: string
  /** What else may be said: the parameters of the query. */
  readonly query?: Readonly<Record<string, object>>
}

const listing = {
  limit: { type: 'integer', minimum: 1, maximum: 200 },
  cursor: { type: 'string', description: 'The `next` of the answer before.' },
  minPosition: { type: 'string', pattern: '^\\d{1,19}$', description: 'The `position` of an answer whose outcome is to be in this one.' },
}

/** A question as a tool. */
export function asking({ name, about, path, query = {} }: Asking): Tool {
  const { parameters } = routeParts(`GET ${path}`)
  return {
    name, about,
    hints: { readOnly: true, destructive: false, idempotent: true },
    input: {
      type: 'object', additionalProperties: false, required: parameters.filter((parameter) => parameter !== 'orchestrator'),
      properties: { ...Object.fromEntries(parameters.map((parameter) => [parameter, uuid])), ...query, minPosition: listing.minPosition },
    },
    async run(acting, said) {
      const place = addressed({ path, parameters }, by(acting, parameters, said))
      const words = Object.entries(place.rest).flatMap(([name, value]) => [value].flat().map((value): [string, string] => [name, String(value)]))
      return await acting.api.get<Said>(`${place.path}${words.length > 0 ? `?${new URLSearchParams(words)}` : ''}`)
    },
  }
}

export const lists = (filters: Readonly<Record<string, object>>): Readonly<Record<string, object>> => ({ ...filters, limit: listing.limit, cursor: listing.cursor })
