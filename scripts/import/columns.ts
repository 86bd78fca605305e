import type { Source } from './mapping.ts'

/** The columns that a source names, by what they are named for; several of one entry stand for one another. */
export function columnsOf({ case: name, time, dependsOn, created, title, owner, firstOwner, assignee, priority, phase, where }: Source): ReadonlyMap<string, readonly string[]> {
  const inTitle = [...title.matchAll(/\{([^}]+)\}/g)].map(([, column]) => column!).filter((column) => column !== 'case')
  const said: readonly (readonly [string, readonly (string | undefined)[]])[] = [
    ['case', [name]], ['time', [time]], ['dependsOn', [dependsOn]], ['created', [created]], ['title', inTitle], ['owner', owner], ['firstOwner', firstOwner],
    ['assignee', assignee], ['priority', [priority?.column]], ['phase', phase?.columns ?? []],
    ...Object.keys(where).map((column) => [`where ${column}`, [column]] as const),
  ]
  return new Map(said.map(([what, columns]) => [what, columns.filter((column) => column !== undefined)] as const).filter(([, columns]) => columns.length > 0))
}

export const allColumnsOf = (source: Source): ReadonlySet<string> => new Set([...columnsOf(source).values()].flat())
