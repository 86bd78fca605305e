import type { FastifyInstance } from 'fastify'
import { checking, described, Described, Presented } from 'shared-domain/fleet/key/validation.ts'
import { apiKeyState, keyPattern, type Key } from 'shared-domain/fleet/key/state.ts'
import { Rejection } from 'shared-domain/kernel/decider.ts'
import { prefix } from 'shared-service/addresses.ts'
import { parsed, Problem } from 'shared-service/problems.ts'
import { RateLimit } from 'shared-service/rate-limit.ts'
import { z } from 'zod'
import { fingerprintOf, principals } from './auth.ts'
import { looking } from './looking.ts'
import { refused } from './openapi.ts'
import type { Streams } from './store/streams.ts'

/** Of one address. */
const perMinute_max = 300
/** How old what is told of whom a key speaks for may be. */
const known_max_ms = 1_000

const answer = z.toJSONSchema(Described.extend({ position: z.string() }), { target: 'draft-2020-12', unrepresentable: 'any' })

/** Says whom a key speaks for that stands in the body, to whoever comes with none. What is refused is logged, by the id of the key. */
export function serveValidation(app: FastifyInstance, streams: Streams) {
  const rates = new RateLimit()
  const principalOf = principals(streams)
  const looked = looking(streams)

  async function validated(body: unknown) {
    const { apiKey, ...asked } = parsed(Presented, body)
    if (!keyPattern.test(apiKey)) throw new Problem('INVALID_API_KEY')
    const names = fingerprintOf(apiKey)
    try {
      const principal = await principalOf(names, true)
      const { state, position } = streams.known(apiKeyState, names.id)!
      const told = await looked((look) => described({ id: names.id, key: state as Key, principal }, asked, { look }), known_max_ms)
      if (told instanceof Rejection) throw new Problem('FORBIDDEN', 'The key is another\'s, or allows less than this.')
      return { ...told, position: String(position) }
    } catch (error) {
      throw error instanceof Problem ? Object.assign(error, { key: names.id }) : error
    }
  }

  app.post(prefix + checking.path, {
    config: {
      describe: () => ({
        operationId: 'keys.check', summary: checking.about, tags: ['keys'], security: [],
        body: z.toJSONSchema(Presented, { target: 'draft-2020-12', io: 'input' }),
        response: {
          200: { description: 'It is taken.', content: { 'application/json': { schema: answer } } },
          ...refused({}, ['VALIDATION_ERROR', 'INVALID_API_KEY', 'API_KEY_EXPIRED', 'FORBIDDEN', 'RATE_LIMITED', 'SERVICE_UNAVAILABLE']),
        },
      }),
    },
    handler: async ({ ip, body, log }) => {
      rates.count({ name: 'address', counted: ip, who: 'An address', perMinute_max })
      return validated(body).catch((error: unknown) => {
        if (error instanceof Problem) log.warn({ code: error.code, key: (error as { key?: string }).key, address: ip }, 'a key that was presented is not taken')
        throw error
      })
    },
  })
}
