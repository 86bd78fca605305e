import type { z } from 'zod'
import type { Fold } from './decider.ts'

/**
 * What a stream says of itself as it stands, as data: a host reads and folds it, and serves what is shown at `path`. No read model stands
 * in between, so that it holds whatever was written before it was asked.
 */
export interface StreamQuestion<State = any, Answer extends z.ZodObject = any> {
  readonly name: string
  readonly about: string
  /** With one parameter, the id of the stream. */
  readonly path: string
  readonly stands: Fold<State>
  /** Without its position. */
  readonly answer: Answer
  /** Nothing where there is nothing to tell of. */
  readonly shows: (state: State) => z.output<Answer> | undefined
}

export const streamQuestion =
  <State, Answer extends z.ZodObject>(definition: StreamQuestion<State, Answer>): StreamQuestion<State, Answer> => definition
