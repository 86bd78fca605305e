import { canonical, prefix } from 'shared-service/addresses.ts'
import { Problem } from 'shared-service/problems.ts'
import type { CommandRoute } from './command-route.ts'

interface Node {
  readonly literal: Map<string, Node>
  /** Whatever stands there is a parameter, which each route may call otherwise. */
  parameter?: Node
  readonly byMethod: Map<string, CommandRoute>
}

export interface Found {
  readonly route: CommandRoute
  readonly parameters: Readonly<Record<string, string>>
}

const node = (): Node => ({ literal: new Map(), byMethod: new Map() })

const isParameter = (segment: string) => segment.startsWith(':')

/** Finds routes by method and path, as a request would. */
export class RouteTable {
  readonly #root = node()

  constructor(routes: readonly CommandRoute[]) {
    for (const route of routes) {
      let at = this.#root
      for (const segment of segmentsOf(prefix + route.path)) {
        if (isParameter(segment)) at = at.parameter ??= node()
        else if (at.literal.has(segment)) at = at.literal.get(segment)!
        else at.literal.set(segment, at = node())
      }
      at.byMethod.set(route.method, route)
    }
  }

  /** Throws a problem where a request would be answered with one. */
  find(method: string, path: string): Found {
    const segments = segmentsOf(canonical(path))
    const byMethod = within(this.#root, segments, 0)?.byMethod
    if (!byMethod) throw new Problem('NOT_FOUND', 'There is no such route.')
    const route = byMethod.get(method)
    if (!route) throw new Problem('METHOD_NOT_ALLOWED', `Among commands this takes ${[...byMethod.keys()].sort().join(', ')}.`)
    const names = segmentsOf(prefix + route.path)
    return { route, parameters: Object.fromEntries(names.flatMap((name, index) => (isParameter(name) ? [[name.slice(1), segments[index]!]] : []))) }
  }
}

const segmentsOf = (path: string): readonly string[] => path.split('/')

/** A literal is preferred to a parameter. */
function within(at: Node | undefined, segments: readonly string[], depth: number): Node | undefined {
  if (!at || depth === segments.length) return at && at.byMethod.size > 0 ? at : undefined
  const segment = segments[depth]!
  return within(at.literal.get(segment), segments, depth + 1) ?? (segment === '' ? undefined : within(at.parameter, segments, depth + 1))
}
