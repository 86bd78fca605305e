import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'

const Named = z.record(z.string(), z.unknown())

/** What is read of a document; whatever else it says is let through. */
export const OpenApi = z.looseObject({
  openapi: z.string().startsWith('3.'),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(z.string(), Named).default({}),
  components: z.record(z.string(), Named).default({}),
  tags: z.array(z.looseObject({ name: z.string() })).default([]),
  security: z.array(Named).optional(),
})

export type OpenApi = z.output<typeof OpenApi>

/** One document of two: a component that both name and declare differently gets the second one's `prefix`. */
export function merged(first: OpenApi, second: OpenApi, prefix: string): OpenApi {
  const other = renamed(inherited(second), clashes(first, second), prefix)
  const one = inherited(first)
  return {
    openapi: one.openapi,
    info: { title: 'Baton', version: one.info.version, description: 'The command service and the query service behind one gateway.' },
    servers: [{ url: '/' }],
    paths: union(one.paths, other.paths),
    components: union(one.components, other.components),
    tags: [...new Map([...other.tags, ...one.tags].map((tag) => [tag.name, tag])).values()].sort((a, b) => a.name < b.name ? -1 : 1),
  }
}

const union = (one: Record<string, Record<string, unknown>>, other: Record<string, Record<string, unknown>>) =>
  Object.fromEntries([...new Set([...Object.keys(one), ...Object.keys(other)])].sort().map((key) => [key, { ...other[key], ...one[key] }]))

/** What a document asks of every operation is written to each, for the other document may ask something else. */
function inherited(document: OpenApi): OpenApi {
  const { security, paths } = document
  if (!security) return document
  const methods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'])
  const secured = (key: string, operation: unknown) => methods.has(key) ? { security, ...operation as object } : operation
  return {
    ...document,
    paths: Object.fromEntries(Object.entries(paths).map(([path, item]) =>
      [path, Object.fromEntries(Object.entries(item).map(([key, operation]) => [key, secured(key, operation)]))])),
  }
}

const clashes = (first: OpenApi, second: OpenApi) => new Set(Object.entries(second.components).flatMap(([kind, named]) =>
  Object.entries(named).filter(([name, declared]) => {
    const known = first.components[kind]?.[name]
    return known !== undefined && !isDeepStrictEqual(known, declared)
  }).map(([name]) => `${kind}/${name}`)))

function renamed(document: OpenApi, names: ReadonlySet<string>, prefix: string): OpenApi {
  if (names.size === 0) return document
  const nameOf = (kind: string, name: string) => names.has(`${kind}/${name}`) ? `${prefix}${name}` : name
  const components = Object.fromEntries(Object.entries(document.components).map(([kind, named]) =>
    [kind, Object.fromEntries(Object.entries(named).map(([name, declared]) => [nameOf(kind, name), declared]))]))
  return JSON.parse(JSON.stringify({ ...document, components }), (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') {
      return value.replace(/(?<=^#\/components\/)([^/]+)\/([^/]+)/, (_, kind: string, name: string) => `${kind}/${nameOf(kind, name)}`)
    }
    if (key === 'security' && Array.isArray(value)) {
      const named = ([name, scopes]: [string, unknown]) => [nameOf('securitySchemes', name), scopes]
      return value.map((needs: object) => Object.fromEntries(Object.entries(needs).map(named)))
    }
    return value
  }) as OpenApi
}
