import type { IncomingMessage, ServerResponse } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { server } from 'shared-service/server.ts'
import type { Descriptions } from './descriptions.ts'

export interface Documentation {
  answer(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

/** The page at `/docs`. It is the one thing here that needs a framework, which is loaded for whoever looks at it first. */
export async function documentation(logLevel: string, { document }: Pick<Descriptions, 'document'>): Promise<Documentation> {
  const app = server({ service: 'gateway', logLevel, isFront: true })
  const none = { openapi: '3.1.0', info: { title: 'Baton', version: '1' }, paths: {} }
  await app.register(swagger, { mode: 'static', specification: { document: none } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Served over plain http on loopback, so it must not ask browsers to upgrade.
    staticCSP: "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'",
    uiConfig: { docExpansion: 'none' },
    uiHooks: {
      // The page asks for its document here, and what the services say is known only when it asks.
      async preHandler(request, reply) {
        if (request.routeOptions.url === '/docs/json') return reply.send(await document())
      },
    },
  })
  await app.ready()
  return { answer: (request, response) => app.routing(request, response), close: () => app.close() }
}
