import { changedBy, readsAt } from './affected.ts'

const patterns = Object.entries(readsAt).map(([path, models]) => ({ segments: path.split('/'), models: models.split(' ') }))
const types = new Map(Object.entries(changedBy).map(([model, names]) => [model, new Set(names.split(' '))]))

/** The read models that a question is answered from, by its path; one that says a word where another has any value counts more. */
export function readsOf(asked: string): readonly string[] {
  const segments = asked.split('?', 1)[0]!.split('/')
  const fitting = patterns.filter((pattern) =>
    pattern.segments.length === segments.length && pattern.segments.every((segment, n) => segment === ':' || segment === segments[n]))
  const values = (pattern: typeof patterns[number]) => pattern.segments.filter((segment) => segment === ':').length
  return fitting.sort((a, b) => values(a) - values(b))[0]?.models ?? []
}

/** Whether a fact of this type may change what is answered from these read models. */
export const mayChange = (type: string, models: readonly string[]): boolean =>
  models.some((model) => types.get(model)?.has('*') || types.get(model)?.has(type))
