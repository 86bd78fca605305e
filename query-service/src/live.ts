import type { EventStoreDBClient } from '@eventstore/db-client'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { olderName } from 'shared-domain/kernel/alias.ts'
import { z } from 'zod'
import { prefix } from 'shared-service/addresses.ts'
import { invalid } from 'shared-service/problems.ts'
import type { Config } from './config.ts'
import { Fact, type Facts, type Stored } from './facts.ts'
import { follow } from './follow.ts'
import { beginningFor } from './live/beginning.ts'
import type { Connections } from './live/connections.ts'
import { serveUntil, streamHeaders } from './live/sending.ts'
import { followed, isWanted, prefixesFor, Wish } from './live/wish.ts'
import { describedStream } from './openapi.ts'
import { Position, type Gate } from './question.ts'
import { askedWith, pointToSuccessor, wordingsOf, type QuestionWording } from './wordings.ts'

interface Hosts {
  readonly store: EventStoreDBClient
  readonly facts: Facts
  readonly gate: Gate
  readonly connections: Connections
}

type Bounds = Pick<Config, 'heartbeat_ms' | 'stalled_ms' | 'eventStoreTimeout_ms'>

/** `GET /events`: the facts of the caller's organization as server-sent events, in the order of the log. */
export function live(app: FastifyInstance, { store, facts, gate, connections }: Hosts, bounds: Bounds): void {
  const answer = (wording: QuestionWording) => async (request: FastifyRequest, reply: FastifyReply) => {
    const caller = await gate(request, 'read')
    const said = askedWith(wording, request, caller.actor)
    if (wording.alias) pointToSuccessor(reply, wording.own, said)
    const wish = said.query as Wish
    const after = resumeOf(request, wish)
    const prefixes = prefixesFor(wish, facts, (word) => (wording.alias ? String(olderName(wording.alias, word)) : word))
    if (request.method === 'HEAD') return reply.headers(streamHeaders).send()
    await connections.hold(caller, request, reply, async (connection) => {
      const beginning = await beginningFor({ after, log: wish.log }, store, bounds.eventStoreTimeout_ms)
      const following = await follow(store, { from: beginning.from, prefixes, signal: connection.gone }, bounds.eventStoreTimeout_ms)
      connection.open({ 'baton-log': beginning.log }, following.close)
      const write = (event: Stored) => {
        const fact = facts.read(event, caller.organization)
        if (!fact || !isWanted(fact, wish)) return undefined
        return `id: ${fact.position}\ndata: ${JSON.stringify(wish.format === 'fact' ? fact : facts.cloudEvent(event, fact))}\n\n`
      }
      await serveUntil(connection.gone, reply.raw, following, write, beginning, bounds)
    })
  }

  for (const wording of wordingsOf({ path: followed.path, params: z.object({}), query: Wish }, followed.aliases)) {
    app.get(`${prefix}${wording.path}`, {
      config: {
        describe: () => describedStream({
          operation: 'events.follow', about: 'Follow what happens, fact by fact, in the order of the log.', tag: 'events', event: Fact,
        }, wording),
      },
      handler: answer(wording),
    })
  }
}

/** The position after which the client wishes to go on. */
function resumeOf({ headers }: FastifyRequest, { after }: Wish): bigint | undefined {
  const last = headers['last-event-id']
  if (last !== undefined && !Position.safeParse(last).success) {
    throw invalid('/Last-Event-ID', 'is not a log position')
  }
  const position = (last as string | undefined) ?? after
  return position === undefined ? undefined : BigInt(position)
}
