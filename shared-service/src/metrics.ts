import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What can be counted at any moment, by name. */
export type Gauges = Readonly<Record<string, { readonly about: string; readonly count: () => number | Promise<number> }>>

/** `GET /metrics` for Prometheus: the process, the requests by route and status, what stands open or waits, and what was done so far. */
export function measured(app: FastifyInstance, gauges: Gauges, totals: Gauges = {}) {
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
  for (const [name, { about, count }] of Object.entries(totals)) {
    new Counter({ name: `baton_${name}`, help: about, registers: [registry], async collect() { this.reset(); this.inc(await count()) } })
  }
  // As many as there are routes and statuses. Looked up by labels, each costs a text that is made and hashed anew.
  const bound = new Map<string, { readonly requests: Counter.Internal; readonly seconds: Histogram.Internal<'route' | 'status'> }>()
  app.addHook('onResponse', (request, reply, done) => {
    const [route, status] = [request.routeOptions.url ?? 'none', reply.statusCode]
    let mine = bound.get(`${status} ${route}`)
    if (!mine) bound.set(`${status} ${route}`, mine = { requests: requests.labels(route, String(status)), seconds: seconds.labels(route, String(status)) })
    mine.requests.inc()
    mine.seconds.observe(reply.elapsedTime / 1_000)
    done()
  })
  app.get('/metrics', { schema: { hide: true } }, async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
