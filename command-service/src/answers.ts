import type { Looking } from './looking.ts'
import { circumstancesOf, type Accepted, type Run } from './request.ts'
import type { Answered, Streams } from './store/streams.ts'

type Asked = Pick<Run, 'decider' | 'command' | 'request'> & Partial<Run>

/** How old the view of other streams may be of which an answer tells. */
const told_max_ms = 1_000

/** What the command answers besides, of the state after it; nothing, at no cost, where it declares nothing. */
export const answering = (looked: Looking) =>
  async function moreOf(run: Asked, stateAfter: () => unknown): Promise<Pick<Accepted, 'more'>> {
    const { command: { answers }, data } = run
    if (!answers) return {}
    const [state, circumstances] = [stateAfter(), circumstancesOf(run)]
    return { more: await looked((look) => answers.of(state, { ...circumstances, look }, data), told_max_ms) }
  }

/** The first answer once more: with what it said besides, of the state as it was then. */
export const repeating = (streams: Streams, looked: Looking) => {
  const moreOf = answering(looked)
  return async function repeated(run: Asked, { revision, position }: Answered): Promise<Accepted> {
    const { decider, command, request: { id } } = run
    const state = command.answers ? await streams.asOf(decider, id, revision) : undefined
    return { id, revision, position, changed: true, ...await moreOf(run, () => state) }
  }
}
