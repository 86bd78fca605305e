import type { Kysely } from 'kysely'
import type { Choice } from 'shared-domain/kernel/choice.ts'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import { batchRoute } from './batch.ts'
import { bulkRoutes } from './bulk.ts'
import { choiceRoutes } from './choices.ts'
import type { CommandRoute } from './command-route.ts'
import type { FindRows } from './grounding.ts'
import type { Handle } from './request.ts'
import { commandRoutes } from './routes.ts'
import type { FindSettings } from './settings.ts'
import type { Streams } from './store/streams.ts'

interface Parts {
  readonly deciders: readonly Decider[]
  readonly choices: readonly Choice[]
  readonly db: Kysely<any>
  readonly findRows: FindRows
  readonly findSettings: FindSettings
  readonly streams: Streams
  readonly handle: Handle
}

/** All that the service can be asked for. */
export function everyRoute({ deciders, choices, ...hosts }: Parts): readonly CommandRoute[] {
  const { handle } = hosts
  const routes = [...commandRoutes(deciders, handle), ...bulkRoutes(deciders, handle), ...choiceRoutes(choices, hosts)]
  return [...routes, batchRoute(routes)]
}
