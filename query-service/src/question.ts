import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { meantAmong, type Alias } from 'shared-domain/kernel/alias.ts'
import type { Question as Declared } from 'shared-domain/kernel/question.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import type { Scope } from 'shared-domain/kernel/decider.ts'
import { z } from 'zod'
import { prefix } from 'shared-service/addresses.ts'
import type { Database } from './database.ts'
import type { Caller } from './keys.ts'
import { described } from './openapi.ts'
import type { Positions } from 'shared-service/positions.ts'
import { askedWith, pointToSuccessor, saidIn, wordingsOf, type QuestionWording } from './wordings.ts'

export interface Answer {
  readonly body: Row
  /** Log position up to which every fact is in the answer. */
  readonly position: string
}

export interface Asked<Params = any, Query = any> {
  readonly params: Params
  readonly query: Query
  readonly caller: Caller
  readonly at: string
}

/** A route that only reads, as data: everything about it but how it is answered also stands in the OpenAPI document. */
export interface Question<Params extends z.ZodObject = any, Query extends z.ZodObject = any> {
  readonly operation: string
  readonly about: string
  readonly tag: string
  /** Below the prefix of the version, `:name` for parameters. */
  readonly path: string
  readonly params: Params
  readonly query: Query
  /** Of the answer, without its position. */
  readonly answer: z.ZodObject
  /** What the key must allow; null when any valid key may ask. */
  readonly scope: Scope | null
  /** Names of the read models that it is answered from: `minPosition` waits for all of them. */
  readonly reads: readonly string[]
  /** Older paths and parameters by which it is known as well. */
  readonly aliases?: readonly Alias[] | undefined
  /** Where it is also a stream. */
  readonly stream?: Declared['stream'] | undefined
  readonly reply: (asked: Asked<z.output<Params>, z.output<Query>>, database: Database) => Promise<Answer>
}

export const question = <Params extends z.ZodObject, Query extends z.ZodObject>(definition: Question<Params, Query>): Question => definition

export const Position = z.string().regex(/^\d{1,19}$/, 'is not a log position: 1 to 19 digits')

const MinPosition = z.object({
  minPosition: Position.optional().describe('Wait, up to 2 s, until the answer holds every fact up to this log position.'),
})

/** Admits a request or throws a problem: who asks, whether the key allows it, and whether it asks too often. */
export type Gate = (request: FastifyRequest, scope: Scope | null, reply?: Pick<FastifyReply, 'headers'>) => Promise<Caller>

interface Hosts {
  readonly gate: Gate
  readonly database: Database
  readonly positions: Positions
}

export function serve(app: FastifyInstance, asked: Question, hosts: Hosts) {
  const { path, params, aliases } = asked
  const query = asked.reads.length > 0 ? asked.query.safeExtend(MinPosition.shape).strict() : asked.query.strict()
  const sharing = Map.groupBy(wordingsOf({ path, params, query }, aliases), ({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`)
  for (const [first, ...others] of sharing.values()) route(app, asked, [first!, ...others], hosts)
}

function route(app: FastifyInstance, asked: Question, wordings: readonly [QuestionWording, ...QuestionWording[]], { gate, database, positions }: Hosts) {
  const [{ method, path }] = wordings
  app.route({
    method: method as 'GET', url: prefix + path,
    config: { describe: () => described({ ...asked, answer: z.object({ position: Position }).extend(asked.answer.shape) }, wordings) },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = await gate(request, asked.scope, reply)
      const wording = meantAmong(wordings, saidIn(request))
      const { params, query } = askedWith(wording, request, caller.actor)
      if (wording.alias) pointToSuccessor(reply, wording.own, { params, query })
      const { minPosition, ...wanted } = query as { minPosition?: string }
      if (minPosition !== undefined) await Promise.all(asked.reads.map((model) => positions.reached(model, BigInt(minPosition))))
      const { body, position } = await asked.reply({ params, query: wanted, caller, at: new Date().toISOString() }, database)
      reply.header('baton-position', position)
      // A row may have a column of this name: the header always has the position of the answer.
      return { position, ...body }
    },
  })
}
