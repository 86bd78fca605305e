import type { FastifyInstance } from 'fastify'
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the OpenAPI document says of the route. It is made when somebody reads the document: nobody waits for it at the start. */
    readonly describe?: () => FastifySchema
  }
}

/** Lets `app.swagger()` make the OpenAPI document of all routes that say what they are, once, when it is first asked for. */
export const describing = (app: FastifyInstance, options: Pick<FastifyDynamicSwaggerOptions, 'openapi' | 'refResolver'>) => app.register(swagger, {
  ...options,
  transform: ({ schema, url, route }) => ({ schema: route.config?.describe?.() ?? schema, url }),
} as FastifyDynamicSwaggerOptions)
