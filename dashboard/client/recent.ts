import type { Fact } from './stream.ts'

export const recent_max = 50

/** Facts by position, each once, the newest first, no more than are shown. */
export function merged(one: readonly Fact[], other: readonly Fact[], most = recent_max): readonly Fact[] {
  const byPosition = new Map([...one, ...other].map((fact) => [fact.position, fact]))
  return [...byPosition.values()].sort((a, b) => (BigInt(a.position) < BigInt(b.position) ? 1 : -1)).slice(0, most)
}

let heard: readonly Fact[] = []

export const noteFact = (fact: Fact) => { heard = [fact, ...heard].slice(0, recent_max) }
export const heardLately = (): readonly Fact[] => heard
export const forgetHeard = () => { heard = [] }

/** For how long the oldest of these facts that is behind the position has been there. */
export function behind(position: string, facts: readonly Pick<Fact, 'position' | 'at'>[], now_ms: number): number {
  const oldest = facts.filter((fact) => BigInt(fact.position) > BigInt(position)).at(-1)
  return oldest ? Math.max(0, now_ms - Date.parse(oldest.at)) : 0
}

const telling = ['title', 'message', 'reason', 'error', 'note', 'resolution', 'outcome', 'summary', 'question', 'name'] as const

/** What a fact says beyond its type, in one line, where it says anything that people read. */
export function gist({ data }: Pick<Fact, 'data'>): string | undefined {
  if (!data) return undefined
  if (typeof data['percentage'] === 'number') return `${data['percentage']} %`
  const text = telling.map((name) => data[name]).find((value): value is string => typeof value === 'string' && value !== '')
  return text && (text.length > 120 ? `${text.slice(0, 117)}…` : text)
}
