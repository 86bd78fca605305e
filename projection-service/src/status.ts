import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { z } from 'zod'
import type { Unparked } from './projector.ts'
import type { Rebuilt } from './rebuild.ts'

/** What operators may ask of the projector that leads. */
export interface Operations {
  readonly positions: () => { readonly models: Readonly<Record<string, string>>; readonly facts: number; readonly misfits: number; readonly announced: number }
  unpark(model: string, stream: string, skipReason?: string): Promise<Unparked>
  rebuild(model: string): Promise<Rebuilt | undefined>
}

const Parked = z.object({ model: z.string().max(100), stream: z.string().max(500) }).strict()
const Skipped = Parked.extend({ reason: z.string().trim().min(1).max(500) }).strict()

const problem = (status: number, code: string, title: string) => ({ type: `urn:baton:problem:${code.toLowerCase().replaceAll('_', '-')}`, title, status, code })

/** The operator's port: loopback by default, no keys. */
export function status(app: FastifyInstance, pool: Pool, operations: () => Operations | undefined): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, value: (operations: Operations) => number) => new Gauge({
    name, help, registers: [registry],
    collect() {
      const now = operations()
      this.set(now ? value(now) : 0)
    },
  })
  gauge('baton_projection_facts_total', 'Facts written since this process began to lead.', (now) => now.positions().facts)
  gauge('baton_projection_misfits_total', 'Facts that did not fit since then.', (now) => now.positions().misfits)
  gauge('baton_announced_total', 'Facts announced since then.', (now) => now.positions().announced)
  gauge('baton_projection_leading', '1 while this process is the one that projects.', () => 1)

  app.get('/healthz', async (_, reply) => {
    await pool.query('select 1')
    return reply.send({ status: 'ok', service: 'projection-service', leading: operations() !== undefined })
  })
  app.get('/metrics', async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  app.get('/models', async () => ({
    models: (await pool.query(`select model, version, name as table, commit::text as position, updated_at,
      (select count(*)::int from parked where parked.model = checkpoint.model) as parked from checkpoint where active order by model`)).rows,
  }))
  app.get('/parked', async () => ({
    parked: (await pool.query('select model, stream, position::text, revision::text, event_id, error, since, waiting::int from parked order by since limit 1000')).rows,
  }))

  app.post('/parked/retry', async (request, reply) => {
    const { data } = Parked.safeParse(request.body)
    if (!data) return reply.code(400).send(problem(400, 'VALIDATION_ERROR', 'Say { model, stream }.'))
    return unparked(await operations()?.unpark(data.model, data.stream), reply)
  })
  app.post('/parked/skip', async (request, reply) => {
    const { data } = Skipped.safeParse(request.body)
    if (!data) return reply.code(400).send(problem(400, 'VALIDATION_ERROR', 'Say { model, stream, reason }.'))
    return unparked(await operations()?.unpark(data.model, data.stream, data.reason), reply)
  })
  app.post<{ Params: { name: string } }>('/models/:name/rebuild', async (request, reply) => {
    const now = operations()
    if (!now) return reply.code(503).header('retry-after', '1').send(standby)
    const rebuilt = await now.rebuild(request.params.name)
    return rebuilt ?? reply.code(404).send(problem(404, 'NOT_FOUND', 'There is no such read model.'))
  })
}

const standby = problem(503, 'SERVICE_UNAVAILABLE', 'Another process projects; ask that one.')

function unparked(result: Unparked | undefined, reply: { code(status: number): { send(body: object): unknown }; send(body: object): unknown }) {
  if (!result) return reply.code(503).send(standby)
  if (!result.isFound) return reply.code(404).send(problem(404, 'NOT_FOUND', 'This stream is not parked for this read model.'))
  if (result.error !== undefined) return reply.code(409).send({ ...problem(409, 'STILL_PARKED', 'The stream still does not fit.'), detail: result.error })
  return reply.send({ resumed: true })
}
