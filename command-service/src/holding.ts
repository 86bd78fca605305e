import { isDeepStrictEqual } from 'node:util'
import { hold_margin_ms, inOrder, Rejection, rounds_max } from 'shared-domain/kernel/decider.ts'
import type { Intent } from 'shared-domain/kernel/intent.ts'
import type { Looking } from './looking.ts'
import { Busy } from './queues.ts'
import { circumstancesOf, wishIn, type Outcome, type Run } from './request.ts'

/** Carries out a command on another stream in the service of this one. */
export type CarryOut = (intent: Intent, run: Run, isUrgent?: boolean) => Promise<Outcome>

const same = (a: { readonly take: Intent }, b: { readonly take: Intent }) => isDeepStrictEqual(a.take, b.take)

/** How old the view may be of what a command looks at to tell what it must hold. */
const view_max_ms = 1_000

/** Takes what decisions must hold on other streams, and gives back what was held for nothing. */
export function holding(carryOut: CarryOut, looked: Looking) {
  async function givenBack(run: Run, isInVain: (held: Run['held'][number]) => boolean = () => true): Promise<void> {
    const gone = run.held.filter(isInVain)
    run.held.splice(0, Infinity, ...run.held.filter((held) => !gone.includes(held)))
    await Promise.all(gone.map(({ hold, taken }) => carryOut(hold.giveBack(taken), run, true)))
  }

  /**
   * Takes what the decision must hold, in order, each once. `again`: something was refused, and whoever chose it chooses without it. A
   * refusal is the answer to the command: of what the caller named, or chose once more, or after so many rounds.
   */
  async function secured(run: Run, state: unknown): Promise<Rejection | 'again' | undefined> {
    const { command, held, refused, barrier } = run
    const pass = barrier === 'none' ? undefined : barrier
    if (!command.holds && !pass) return undefined
    const { holds } = command
    const own = holds && await looked((look) => holds(state, wishIn(state, run), { ...circumstancesOf(run), look }), view_max_ms)
    const wanted = inOrder([own ?? [], pass?.hold ?? []].flat())
    const stuck = refused.find((one) => wanted.some(({ take }) => same({ take }, one)))
    if (stuck) return stuck.why
    // Another writer may have come first and changed what there is to be held.
    await givenBack(run, ({ hold }) => !wanted.some((one) => same(one, hold)))
    for (const hold of wanted) {
      if (held.some((one) => same(one.hold, hold))) continue
      const since_ms = performance.now()
      const taken = await carryOut(hold.take, run)
      if (taken instanceof Rejection) {
        if (hold === pass?.hold) return pass.refusal
        refused.push({ take: hold.take, why: taken })
        return command.grounds && refused.length < rounds_max ? 'again' : taken
      }
      held.push({ hold, since_ms, taken: String(taken.revision) })
    }
    const isEnding = held.some(({ hold, since_ms }) => performance.now() - since_ms > hold.within_ms - hold_margin_ms)
    if (isEnding) throw new Busy('a hold is about to end')
    return undefined
  }

  /** What was held for nothing goes back. After an append of unknown fate it stays: the end of its time settles it by what the log says. */
  async function settled(run: Run, outcome: Promise<Outcome>): Promise<Outcome> {
    try {
      const answer = await outcome
      if (answer instanceof Rejection || !answer.changed) await givenBack(run)
      return answer
    } catch (error) {
      if (error instanceof Busy) await givenBack(run)
      throw error
    }
  }

  return { secured, settled }
}
