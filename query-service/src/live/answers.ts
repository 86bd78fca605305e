import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isDeepStrictEqual } from 'node:util'
import { prefix } from 'shared-service/addresses.ts'
import { pause } from 'shared-service/pause.ts'
import type { Positions } from 'shared-service/positions.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database.ts'
import { describedAnswers } from '../openapi.ts'
import type { Gate, Question } from '../question.ts'
import { askedWith, wordingsOf } from '../wordings.ts'
import type { Connections } from './connections.ts'
import { drained, frame, streamHeaders } from './sending.ts'

interface Hosts {
  readonly gate: Gate
  readonly database: Database
  readonly positions: Positions
  readonly connections: Connections
  /** Seconds since the first fact behind a position: what has happened meanwhile, and is not in an answer of that position. */
  readonly lagOf: (position: string) => Promise<number>
}

type Pace = Pick<Config, 'heartbeat_ms' | 'stalled_ms'>

/** A question as a stream: its answer, and again whenever the read models that it is from have moved it. */
export function serveAnswers(app: FastifyInstance, asked: Question, { gate, database, positions, connections, lagOf }: Hosts, pace: Pace): void {
  const { stream, params, query } = asked
  if (!stream) return
  const [wording] = wordingsOf({ path: stream.path, params, query: query.strict() })

  app.get(`${prefix}${stream.path}`, {
    config: { describe: () => describedAnswers({ ...asked, event: stream.event }) },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = await gate(request, asked.scope)
      const said = askedWith(wording, request, caller.actor)
      const ask = () => asked.reply({ ...said, caller, at: new Date().toISOString() } as never, database)
      let answer = await ask()
      if (request.method === 'HEAD') return reply.headers(streamHeaders).send()
      await connections.hold(caller, request, reply, async ({ gone, open }) => {
        const { raw } = reply
        const tell = async ({ body, position }: typeof answer) => {
          const text = frame(stream.event, { ...body, position, lag_s: await lagOf(position) }, position)
          if (!raw.writableEnded && !raw.write(text)) await drained(raw, gone, pace.stalled_ms)
        }
        let wake = () => {}
        let hasMoved = false
        const look = () => {
          hasMoved = true
          wake()
        }
        const unwatch = positions.watch(asked.reads, look)
        const ended = new AbortController()
        const over = AbortSignal.any([gone, ended.signal])
        const beating = setInterval(() => {
          if (!raw.writableNeedDrain && !raw.writableEnded) raw.write(': heartbeat\n\n')
          // What no fact moves: another day has begun.
          look()
        }, pace.heartbeat_ms)
        over.addEventListener('abort', () => wake())
        try {
          open({}, () => ended.abort())
          raw.write('retry: 1000\n: open\n\n')
          await tell(answer)
          while (!over.aborted) {
            if (!hasMoved) await new Promise<void>((resolve) => { wake = resolve })
            if (over.aborted) break
            hasMoved = false
            const next = await ask()
            if (!isDeepStrictEqual(next.body, answer.body)) await tell(next)
            answer = next
            await pause(stream.every_ms, over)
          }
          if (!raw.writableEnded) raw.end()
        } catch (error) {
          // Whoever listens comes again, and is told what is so then.
          if (!raw.writableEnded) raw.destroy()
          throw error
        } finally {
          clearInterval(beating)
          unwatch()
        }
      })
    },
  })
}
