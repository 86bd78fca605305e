import type { Case } from './course.ts'

const dependencies_max = 100
const visits_max = 1_000

/**
 * What Baton will say to a wish, as far as the rows tell: what has ended takes none, and what waits for others does not start. A test
 * holds it against the deciders.
 */
export class Verdicts {
  readonly #cases: ReadonlyMap<string, Case>
  readonly #waits = new Map<string, Set<string>>()

  constructor(cases: ReadonlyMap<string, Case>) {
    this.#cases = cases
  }

  /** What the case waits for, ended or not. */
  waitsOf(name: string): ReadonlySet<string> {
    return this.#waits.get(name) ?? new Set()
  }

  /** All that hangs on the case, itself included. What is done waits for nothing. */
  chainOf(name: string): ReadonlySet<string> {
    const chain = new Set([name])
    for (const link of chain) {
      if (chain.size > visits_max) break
      if (this.#cases.get(link)?.phase !== 'done') for (const next of this.waitsOf(link)) chain.add(next)
    }
    return chain
  }

  /** The code of the refusal, if it is one. */
  on(name: string, wish: string, dependency = ''): string | undefined {
    if (wish === 'create') return undefined
    const known = this.#cases.get(name)
    if (!known) return 'NOT_FOUND'
    if (known.phase === 'done' || (known.phase === 'cancelled' && wish !== 'reopen')) return 'INVALID_STATE_TRANSITION'
    if (wish === 'depend') return this.#onWait(name, known, dependency)
    const isWaiting = known.phase === 'open' && [...this.waitsOf(name)].some((other) => this.#isOpen(other))
    if (isWaiting && wish === 'start') return 'DEPENDENCIES_UNMET'
    if (isWaiting && wish === 'block') return 'INVALID_STATE_TRANSITION'
    return undefined
  }

  wait(name: string, dependency: string) {
    this.#waits.set(name, new Set([...this.waitsOf(name), dependency]))
  }

  #onWait(name: string, { phase }: Case, dependency: string): string | undefined {
    if (phase === 'active') return 'INVALID_STATE_TRANSITION'
    if (!this.#cases.has(dependency)) return 'DEPENDENCY_UNKNOWN'
    const chain = this.chainOf(dependency)
    if (this.waitsOf(name).size >= dependencies_max || chain.size > visits_max) return 'DEPENDENCY_LIMIT'
    return chain.has(name) ? 'DEPENDENCY_CYCLE' : undefined
  }

  #isOpen(name: string): boolean {
    const phase = this.#cases.get(name)?.phase
    return phase !== 'done' && phase !== 'cancelled'
  }
}
