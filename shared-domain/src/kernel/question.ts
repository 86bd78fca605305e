import { z } from 'zod'
import type { Alias } from './alias.ts'
import { grounds_max, type Asked, type FoundOf } from './grounds.ts'
import type { ReadModel } from './read-model.ts'

/** What a request says, and when. By whom it is said does not matter: the rows are those of the asker's organization. */
export interface Wanted<Params = any, Query = any> {
  readonly params: Params
  readonly query: Query
  readonly at: string
  /** The version of the tz database by which the host knows the time, where it says so. */
  readonly tz?: string | undefined
}

/**
 * An answer as it is made, for any host: it asks for rows, each time by one statement, and ends with the answer, or with nothing where
 * what is asked about does not exist. The same rows, request and instant give the same answer.
 */
export type Course<Answer = any> = Generator<Asked, Answer | undefined, any>

/** What may be asked besides lists and rows, as data: its route and its document are made of it, and who serves it knows no name. */
export interface Question<Params extends z.ZodObject = any, Query extends z.ZodObject = any, Answer extends z.ZodObject = any> {
  readonly name: string
  readonly about: string
  /** Of its route, `GET`, below the version; a parameter is called like the column that holds it. */
  readonly path: string
  readonly params: Params
  /** As in a body; out of a URL lists are read by repetition, and numbers as text. */
  readonly query: Query
  /** Without its position. */
  readonly answer: Answer
  /** The read models whose rows it may ask for: `minPosition` waits for all of them. */
  readonly reads: readonly ReadModel[]
  /** How often it asks for rows at most; where more than once, all of them are of one moment. */
  readonly statements_max: number
  /** Older paths and parameters by which it is known as well. */
  readonly aliases: readonly Alias[]
  /** Where it is also a stream: told again, as an event of this name, whenever its answer is another, but no more often than so. */
  readonly stream?: { readonly path: string; readonly event: string; readonly every_ms: number }
  readonly reply: (wanted: Wanted<z.output<Params>, z.output<Query>>) => Course<Told<z.output<Answer>>>
}

/** Nobody alters an answer. */
type Told<T> = T extends string | number | boolean | null ? T
  : T extends readonly (infer Item)[] ? readonly Told<Item>[] : { readonly [Name in keyof T]: Told<T[Name]> }

/** One that asks once, with the parameters of its path alone, unless it says more. */
export const question = <Params extends z.ZodObject, Answer extends z.ZodObject, Query extends z.ZodObject = z.ZodObject<{}>>(
  definition: Omit<Question<Params, Query, Answer>, Usual> & Partial<Pick<Question<Params, Query, Answer>, Usual>>,
): Question<Params, Query, Answer> => ({ query: z.object({}) as never, statements_max: 1, aliases: [], ...definition })

type Usual = 'query' | 'statements_max' | 'aliases'

/** Asks for rows by one statement, and has them by the names under which they were asked for. */
export function* asks<const Parts extends Asked>(parts: Parts): Generator<Asked, FoundOf<Parts>, any> {
  return yield parts
}

/** The course of an answer, held to what its question declares. */
export function* answering({ name, reads, statements_max, reply }: Question, wanted: Wanted): Course {
  const course = reply(wanted)
  let step = course.next()
  for (let statements = 1; !step.done; statements++) {
    const parts = Object.values(step.value)
    if (statements > statements_max) throw new Error(`${name} asks for rows more than ${statements_max} times`)
    if (parts.some(({ from }) => !reads.includes(from))) throw new Error(`${name} asks for rows of what it does not read`)
    if (parts.reduce((sum, { limit = Infinity }) => sum + limit, 0) > grounds_max) throw new Error(`${name} asks for rows without a bound`)
    step = course.next(yield step.value)
  }
  return step.value
}
