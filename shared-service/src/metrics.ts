import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What can be counted at any moment, by name. */
export type Gauges = Readonly<Record<string, { readonly about: string; readonly count: () => number | Promise<number> }>>

/** `GET /metrics` for Prometheus: the process, the requests by route and status, and what stands open or waits. */
export function measured(app: FastifyInstance, gauges: Gauges) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const labelNames = ['route', 'status'] as const
  const requests = new Counter({ name: 'baton_requests_total', help: 'Requests by route and status.', labelNames, registers: [registry] })
  const seconds = new Histogram({
    name: 'baton_request_seconds', help: 'Time from a request to its answer, by route and status.', labelNames, registers: [registry],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
  })
  for (const [name, { about, count }] of Object.entries(gauges)) {
    new Gauge({ name: `baton_${name}`, help: about, registers: [registry], async collect() { this.set(await count()) } })
  }
  app.addHook('onResponse', async (request, reply) => {
    const labels = { route: request.routeOptions.url ?? 'none', status: reply.statusCode }
    requests.inc(labels)
    seconds.observe(labels, reply.elapsedTime / 1_000)
  })
  app.get('/metrics', { schema: { hide: true }, config: { rateLimit: false } }, async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
