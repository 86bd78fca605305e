import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { healthy } from 'shared-service/health.ts'
import { measured } from 'shared-service/metrics.ts'
import { parsed, Problem } from 'shared-service/problems.ts'
import { z } from 'zod'
import type { Unparked } from './projector.ts'
import type { Rebuilt } from './rebuild.ts'
import { Moved } from './writing.ts'

/** What operators may ask of the projector that leads. */
export interface Operations {
  readonly positions: () => { readonly models: Readonly<Record<string, string>>; readonly facts: number; readonly misfits: number; readonly announced: number; readonly delivered: number }
  unpark(model: string, stream: string, skipReason?: string): Promise<Unparked>
  rebuild(model: string): Promise<Rebuilt | undefined>
}

const Parked = z.object({ model: z.string().max(100), stream: z.string().max(500) }).strict()
const Skipped = Parked.extend({ reason: z.string().trim().min(1).max(500) }).strict()

/** The operator's port: loopback by default, no keys. */
export function status(app: FastifyInstance, service: string, pool: Pool, operations: () => Operations | undefined): void {
  const gauge = (about: string, value: (operations: Operations) => number) => ({
    about,
    count() {
      const now = operations()
      return now ? value(now) : 0
    },
  })
  measured(app, {
    projection_facts_total: gauge('Facts written since this process began to lead.', (now) => now.positions().facts),
    projection_misfits_total: gauge('Facts that did not fit since then.', (now) => now.positions().misfits),
    announced_total: gauge('Facts announced since then.', (now) => now.positions().announced),
    delivered_total: gauge('Deliveries that arrived since then.', (now) => now.positions().delivered),
    projection_leading: gauge('1 while this process is the one that projects.', () => 1),
  })
  healthy(app, service, async () => {
    await pool.query('select 1')
    return { leading: operations() !== undefined }
  })
  app.get('/models', async () => ({
    models: (await pool.query(`select model, version, name as table, commit::text as position, updated_at,
      (select count(*)::int from parked where parked.model = checkpoint.model) as parked from checkpoint where active order by model`)).rows,
  }))
  app.get('/parked', async () => ({
    parked: (await pool.query('select model, stream, position::text, revision::text, event_id, error, since, waiting::int from parked order by since limit 1000')).rows,
  }))

  const leading = (): Operations => {
    const now = operations()
    if (!now) throw new Problem('SERVICE_UNAVAILABLE', 'Another process projects; ask that one.')
    return now
  }
  app.post('/parked/retry', async ({ body }) => {
    const { model, stream } = parsed(Parked, body ?? {})
    return resumed(await leading().unpark(model, stream).catch(tellMoved))
  })
  app.post('/parked/skip', async ({ body }) => {
    const { model, stream, reason } = parsed(Skipped, body ?? {})
    return resumed(await leading().unpark(model, stream, reason).catch(tellMoved))
  })
  app.post<{ Params: { name: string } }>('/models/:name/rebuild', async ({ params: { name } }) => {
    const rebuilt = await leading().rebuild(name)
    if (!rebuilt) throw new Problem('NOT_FOUND', 'There is no such read model.')
    return rebuilt
  })
}

function tellMoved(error: unknown): never {
  if (!(error instanceof Moved)) throw error
  throw new Problem('SERVICE_UNAVAILABLE', 'The projector starts over from what is stored; try again in a moment.', { retryAfter_s: 2 })
}

function resumed(result: Unparked) {
  if (!result.isFound) throw new Problem('NOT_FOUND', 'This stream is not parked for this read model.')
  if (result.error !== undefined) throw new Problem('STILL_PARKED', result.error)
  return { resumed: true }
}
