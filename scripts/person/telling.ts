import { randomUUID } from 'node:crypto'
import { print, Usage, type Command } from '../../infra/console/command.ts'
import { addressed, type Operation } from '../operations.ts'
import type { Api } from '../api.ts'
import { apiFor, optionsOf, ownOrchestrator } from './options.ts'
import { shown } from './showing.ts'

interface Telling {
  readonly name: string
  readonly about?: string
  /** What the stream is called. */
  readonly id: string
  /** Fields that are said by their place, after the stream. */
  readonly places?: readonly string[]
}

type Field = { readonly type?: string; readonly items?: { readonly type?: string } }

const isMany = ({ type, items }: Field) => type === 'array' && items?.type === 'string'

/** A command: what stands in its path by place, its other fields as options; numbers are read as such, what is no plain value as JSON. */
export function telling(operation: Operation, { name, about = operation.about, id, places = [] }: Telling): Command {
  const { method, path, parameters, input: { properties, required = [] } } = operation
  const isOwn = id === 'orchestrator'
  const byPlace = [...(parameters.includes('id') && !isOwn ? [id] : []), ...places]
  const fields = Object.entries(properties as Record<string, Field>).filter(([field]) => !places.includes(field))
  const options = Object.fromEntries(fields.map(([field, shape]) => [field, shape.type === 'boolean' ? { type: 'boolean' as const } : { type: 'string' as const, multiple: isMany(shape) }]))
  const isOptional = (field: string) => field !== id && !required.includes(field)
  return {
    about,
    usage: [
      name, ...byPlace.map((field) => (isOptional(field) ? `[${field.toUpperCase()}]` : field.toUpperCase())), ...(isOwn ? ['[--orchestrator ID]'] : []),
      ...fields.map(([field, { type }]) => (required.includes(field) && field !== 'token' ? `--${field} X` : `[--${field}${type === 'boolean' ? '' : ' X'}]`)), '[--json]',
    ].join(' '),
    async run(args) {
      const { values, positionals } = optionsOf(args, { ...options, ...(isOwn ? { orchestrator: { type: 'string' as const } } : {}), idempotencyKey: { type: 'string' } })
      if (positionals.length > byPlace.length) throw new Usage(`${name} takes ${byPlace.map((field) => field.toUpperCase()).join(' ') || 'options only'}.`)
      const { json, root, orchestrator, idempotencyKey, ...said } = values as Record<string, unknown> & { json: boolean; root?: string }
      const read = Object.fromEntries(Object.entries({ ...said, ...Object.fromEntries(positionals.map((word, nth) => [byPlace[nth], word])) })
        .map(([field, word]) => [field, valueOf(field, word, (properties as Record<string, Field>)[field])]))
      const missing = byPlace.find((field) => !isOptional(field) && read[field] === undefined)
      if (missing !== undefined) throw new Usage(`Say which ${missing}: ${name} ${byPlace.map((field) => field.toUpperCase()).join(' ')}.`)
      const api = apiFor(root)
      const stream = isOwn ? orchestrator ?? await ownOrchestrator(api) : read[id]
      const { [id]: _stream, ...rest } = read
      const token = 'token' in properties && rest.token === undefined ? await tokenOf(api, String(stream)) : {}
      const place = addressed({ path, parameters }, { id: stream, ...rest, ...token })
      // The key makes it safe to ask again where there was no answer.
      const answer = await api.send(method, place.path, place.rest, { key: typeof idempotencyKey === 'string' ? idempotencyKey : randomUUID() })
      if (json) print(JSON.stringify(answer))
      else print(sentence(answer))
      return 0
    },
  }
}

/** Of the lease that there is: Baton looks whether it is the key's. */
async function tokenOf(api: Api, task: string): Promise<{ readonly token?: string }> {
  const { lease_token: token } = await api.get<{ lease_token: string | null }>(`/tasks/${encodeURIComponent(task)}`)
  return token === null ? {} : { token }
}

function valueOf(field: string, word: unknown, { type, items }: Field = {}): unknown {
  if (typeof word !== 'string') return word
  if (type === 'integer' || type === 'number') {
    const number = Number(word)
    if (word.trim() === '' || !Number.isFinite(number)) throw new Usage(`--${field} is a number, not "${word}".`)
    return number
  }
  if (type === 'string' || (type === 'array' && items?.type === 'string')) return word
  try {
    return JSON.parse(word)
  } catch {
    // A field that takes any value takes a text; one that takes a list or an object does not.
    if (type === undefined) return word
    throw new Usage(`--${field} is JSON, not "${word}".`)
  }
}

function sentence({ id, revision, position, changed, ...more }: { readonly id: string; readonly revision: string; readonly position: string; readonly changed: boolean }): string {
  const others = Object.entries(more).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${shown(value)}`)
  return [changed ? `${id} is at revision ${revision}` : `${id} was so already, at revision ${revision}`, ...others, `position ${position}`].join(', ')
}
