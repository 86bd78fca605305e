import type { FastifyInstance } from 'fastify'
import { pathOf } from './problems.ts'

/** Paths with `:parameters`, or `*` at the end, and the methods that each takes. */
export class Methods {
  readonly #known = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()

  add(path: string, methods: readonly string[]) {
    let known = this.#known.get(path)
    if (!known) this.#known.set(path, known = { pattern: patternOf(path), methods: new Set() })
    for (const method of methods) known.methods.add(method)
  }

  /** In which methods something answers below this URL, in the order of the alphabet; none when nothing does. */
  of(url: string): readonly string[] {
    const path = pathOf(url)
    return [...new Set([...this.#known.values()].flatMap(({ pattern, methods }) => (pattern.test(path) ? [...methods] : [])))].sort()
  }
}

const patternOf = (path: string) =>
  new RegExp(`^${path.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:\w+/g, '[^/]+').replace(/\*$/, '.*')}$`)

/** The methods of every route that is added from now on. */
export function methodsOf(app: FastifyInstance): Methods {
  const methods = new Methods()
  app.addHook('onRoute', ({ url, method }) => methods.add(url, [method].flat()))
  return methods
}
