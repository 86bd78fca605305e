import type { FastifyInstance } from 'fastify'
import { Problem } from './problems.ts'

/** `GET /healthz`: well while `look` throws nothing; what it gives is told as well. */
export function healthy(app: FastifyInstance, service: string, look: () => Promise<object | void>) {
  app.get('/healthz', { schema: { hide: true } }, async (_, reply) => {
    const more = await look().catch((error: unknown) => {
      throw error instanceof Problem ? error : new Problem('SERVICE_UNAVAILABLE', 'What the service works with does not answer.', { cause: error })
    })
    return reply.header('cache-control', 'no-store').send({ status: 'ok', service, ...more })
  })
}
