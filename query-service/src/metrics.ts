import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** `GET /metrics` for Prometheus: the process, the requests by route, and what is open right now. */
export function measured(app: FastifyInstance, open: Readonly<Record<string, { readonly about: string; readonly count: () => number }>>) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'baton_query_request_duration_seconds', help: 'Time from a request to its answer, by route and status.',
    labelNames: ['route', 'status'], buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5], registers: [registry],
  })
  for (const [name, { about, count }] of Object.entries(open)) {
    new Gauge({ name: `baton_query_${name}`, help: about, registers: [registry], collect() { this.set(count()) } })
  }
  app.addHook('onResponse', async (request, reply) => {
    durations.observe({ route: request.routeOptions.url ?? 'none', status: reply.statusCode }, reply.elapsedTime / 1_000)
  })
  app.get('/metrics', { schema: { hide: true } }, async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
