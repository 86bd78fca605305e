import { documentOf, invalid, parsed, pathOf, Problem, type Told } from 'shared-service/problems.ts'
import { z } from 'zod'
import { permit } from './auth.ts'
import { circumstances } from './circumstances.ts'
import { isTold, type Accepted, type Answer, type Asked, type CommandRoute, type Errand } from './command-route.ts'
import { inTurns } from './in-turns.ts'
import { batchDescribed } from './openapi.ts'
import { toldOfFailure } from './problems.ts'
import { Busy } from './queues.ts'
import { RouteTable } from './route-table.ts'

export const commands_max = 100
/** Streams that are served side by side. */
const atOnce_max = 16
const within_max_ms = 20_000

export const BatchItem = z.strictObject({
  method: z.string().max(10).describe('Of the route of the command.'),
  path: z.string().max(1_000).describe('Of the route, such as `/api/v1/tasks/<id>/start`.'),
  body: z.record(z.string(), z.unknown()).default({}).describe('As the route takes it.'),
  idempotencyKey: z.string().optional().describe('As the header `Idempotency-Key`: good for the command by itself and among others.'),
  ifMatch: z.string().optional().describe('As the header `If-Match`.'),
  importedAt: z.string().optional().describe('As the header `Baton-Imported-At`; admins only.'),
  approval: z.string().optional().describe('As the header `Baton-Approval`.'),
})

const BatchBody = z.strictObject({ commands: z.array(BatchItem).min(1).max(commands_max) })

type Item = z.output<typeof BatchItem>

/** One request for many commands, each of which is answered as by its own route. */
export function batchRoute(routes: readonly CommandRoute[], within_ms = within_max_ms): CommandRoute {
  const route: CommandRoute = {
    method: 'POST', path: '/commands', describe: () => batchDescribed(BatchBody), alone: 'holds others',
    // Each command needs what it needs. The key is looked at once, as carefully as any of them may ask for.
    needs: () => ({ scope: undefined, fresh: true }),
    read(asked) {
      const { key, expected, imported } = asked.known
      if (key !== undefined || expected !== undefined || imported) throw invalid('/commands', 'say Idempotency-Key, If-Match and Baton-Imported-At each for itself')
      const { commands } = parsed(BatchBody, asked.body)
      return { line: 'commands', carryOut: () => carryOut(commands, asked, table, within_ms) }
    },
  }
  const table = new RouteTable([...routes, route])
  return route
}

async function carryOut(items: readonly Item[], asked: Asked, table: RouteTable, within_ms: number): Promise<Accepted> {
  const { request } = asked
  const answers: (Answer | undefined)[] = []
  const read = items.flatMap((item, index) => {
    try {
      return [{ index, errand: errandOf(item, asked, table) }]
    } catch (error) {
      answers[index] = toldOfFailure(error, request)
      return []
    }
  })
  const links = new Map(read.map(({ index, errand: { link } }) => [index, link]))

  const lines = [...Map.groupBy(read, ({ errand }) => errand.line).values()]
  await inTurns(lines, atOnce_max, within_ms, async (line, isLate) => {
    for (const { index, errand } of line) {
      if (isLate()) return
      const answer = await errand.carryOut().catch((error: unknown) => toldOfFailure(error, request))
      answers[index] = answer
      // What comes after it for the same stream may rest on it, and would overtake it when it is asked for again.
      if (isTold(answer) && answer.meant.status >= 500) return
    }
  }).catch((error: unknown) => { if (!(error instanceof Busy)) throw error })

  const missing = answers.length < items.length || answers.includes(undefined)
  const late = missing ? toldOfFailure(new Problem('SERVICE_UNAVAILABLE', 'It was not done in time, or what comes before it for the same stream was not: ask again under the same Idempotency-Key.'), request) : undefined
  const results = items.map((_, index) => resultOf(answers[index] ?? late!, links.get(index), documentAt(asked, index)))
  const failed = results.filter(({ status }) => status >= 400).length
  const success = results.filter(({ body }) => body.changed === true).length
  const summary = { total: items.length, success, failed, skipped: items.length - success - failed }
  return { status: failed > 0 ? 207 : 200, headers: {}, body: { summary, results } }
}

/** Says what is wrong with an item as its own route would, and which item it is. */
const documentAt = ({ request }: Asked, index: number) => (told: Told) => documentOf(told, `${pathOf(request.originalUrl)}#/commands/${index}`, request.id)

function errandOf({ method, path, body, ...beside }: Item, { request, principal }: Asked, table: RouteTable): Errand {
  const { route, parameters } = table.find(method, path)
  if (route.alone !== undefined) throw invalid('#/path', `is not taken among other commands: ${route.method} ${route.path} ${route.alone}`)
  permit(principal, route.needs(body).scope)
  return route.read({ request, principal, known: circumstances(request, principal, beside), parameters, body })
}

interface Result {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

function resultOf(answer: Answer, link: string | undefined, documentOf: (told: Told) => Result['body']): Result {
  const { status, headers, body } = isTold(answer) ? { status: answer.meant.status, headers: {}, body: documentOf(answer) } : answer
  const said = link === undefined ? headers : { ...headers, link }
  return { status, ...(Object.keys(said).length > 0 ? { headers: said } : {}), body }
}
