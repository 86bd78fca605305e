import type { FastifyInstance } from 'fastify'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import { eventSchema } from 'shared-domain/kernel/event-schema.ts'
import { versionOf } from 'shared-domain/kernel/events.ts'
import { definitionsOf } from 'shared-domain/kernel/stored.ts'
import { prefix } from 'shared-service/addresses.ts'
import { unknownThing } from './wordings.ts'

const folder = fileURLToPath(new URL('../../docs/schemas/', import.meta.url))
const immutable = 'public, max-age=31536000, immutable'

/** Versions that are not pushed any more, as they were. */
const olderOf = (type: string): readonly number[] =>
  (existsSync(folder + type) ? readdirSync(folder + type).map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1])).filter(Number.isInteger) : [])

/** `GET /schemas` and those below it: what facts say, as JSON Schema, for everybody. */
export function serveSchemas(app: FastifyInstance, deciders: readonly Decider[]): void {
  const definitions = definitionsOf(deciders)
  const types = Object.keys(definitions).sort()
  const versionsOf = (type: string) => {
    const current = versionOf(definitions[type]!)
    return [...olderOf(type).filter((version) => version < current).sort((a, b) => a - b), current]
  }

  const schemaOf = (type: string, version: number): string | undefined => {
    if (!Object.hasOwn(definitions, type)) return undefined
    if (version === versionOf(definitions[type]!)) return `${JSON.stringify(eventSchema(type, definitions[type]!), undefined, 1)}\n`
    return versionsOf(type).includes(version) ? readFileSync(`${folder}${type}/${version}.json`, 'utf8') : undefined
  }

  const one = { ...described('schemas.item', 'What a fact of this type says, in this version, as JSON Schema 2020-12.'), params: { type: 'object', properties: { type: { type: 'string' }, version: { type: 'string' } } } }
  for (const place of [prefix, '']) {
    const hide = place === '' ? { hide: true } : {}
    app.get(`${place}/schemas`, { schema: { ...described('schemas.list', 'Of which types facts are, and in which versions there are schemas of them.'), ...hide } }, async (_, reply) => {
      void reply.header('cache-control', 'no-cache')
      return { items: types.map((type) => ({ type, current: versionOf(definitions[type]!), versions: versionsOf(type) })) }
    })
    app.get<{ Params: { type: string; version: string } }>(`${place}/schemas/:type/:version`, { schema: { ...one, ...hide } }, async ({ params: { type, version } }, reply) => {
      const schema = /^\d{1,4}$/.test(version) ? schemaOf(type, Number(version)) : undefined
      if (schema === undefined) throw unknownThing()
      return reply.headers({ 'content-type': 'application/schema+json', 'cache-control': immutable }).serializer((text) => text as string).send(schema)
    })
  }
}

const described = (operationId: string, summary: string) => ({
  operationId, summary, tags: ['schemas'], security: [], response: { 200: { description: 'For everybody.', content: { 'application/json': { schema: { type: 'object' } } } } },
})
