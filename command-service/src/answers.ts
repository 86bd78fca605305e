import type { Accepted, Run } from './request.ts'
import type { Answered, Streams } from './store/streams.ts'

/** What the command answers besides, of the state after it; nothing, at no cost, where it declares nothing. */
export const moreOf = ({ command: { answers }, request }: Pick<Run, 'command' | 'request'>, stateAfter: () => unknown): Pick<Accepted, 'more'> =>
  (answers ? { more: answers.of(stateAfter(), request) } : {})

/** The first answer once more: with what it said besides, of the state as it was then. */
export async function repeated(streams: Streams, run: Pick<Run, 'decider' | 'command' | 'request'>, { revision, position }: Answered): Promise<Accepted> {
  const { decider, command, request: { id } } = run
  const state = command.answers ? await streams.asOf(decider, id, revision) : undefined
  return { id, revision, position, changed: true, ...moreOf(run, () => state) }
}
