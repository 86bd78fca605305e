import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as catalogue from 'shared-domain/catalogue.ts'
import { olderRoutes } from './older-routes.ts'

const docs = join(import.meta.dirname, '../docs')
const read = (name: string) => readFileSync(join(docs, name), 'utf8')

interface Operation {
  readonly deprecated?: boolean
  readonly 'x-successors'?: readonly string[]
}

const written = (route: string) => route.replace(' ', ' /api/v1').replace(/:(\w+)/g, '{$1}')
/** Parameters may have other names: it is the same route. */
const isSame = (one: string, other: string) => one.replace(/\{\w+\}/g, '{}') === other.replace(/\{\w+\}/g, '{}')

/** Every operation that takes older words: its route, and the canonical ones. */
const described = ['openapi/commands.json', 'openapi/queries.json'].flatMap((name) => {
  const { paths } = JSON.parse(read(name)) as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).flatMap(([method, operation]) =>
    (operation.deprecated || operation['x-successors'] ? [{ route: `${method.toUpperCase()} ${path}`, ...operation }] : [])))
})

t.test('H-6 every alias is a route of the documents that points to its canonical one, and every such route is an alias', async (t) => {
  const declared = olderRoutes(catalogue)
  t.not(declared.length, 0)
  for (const { older, canonical } of declared) {
    const operation = described.find(({ route }) => isSame(route, written(older)))
    t.ok(operation?.['x-successors']?.includes(written(canonical)), `${older} → ${canonical}`)
    const isShared = declared.some((one) => isSame(written(one.canonical), written(older)))
    t.equal(operation?.deprecated ?? false, !isShared, `${older} is deprecated unless canonical words have the same route`)
  }
  for (const { route, 'x-successors': successors = [] } of described) {
    const aliases = declared.filter(({ older }) => isSame(written(older), route))
    t.strictSame(aliases.map(({ canonical }) => written(canonical)).sort(), [...successors].sort(), route)
  }
})

t.test('H-6 the page of older words has a row for every alias, and no other', async (t) => {
  const rows = read('reference/aliases.md').split('\n').filter((line) => line.startsWith('| `')).map((line) => /^\| `([^`]+)`/.exec(line)![1])
  t.strictSame(rows, olderRoutes(catalogue).map(({ older }) => older))
})
