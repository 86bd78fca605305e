import type { Choice } from 'shared-domain/kernel/choice.ts'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import { batchRoute } from './batch.ts'
import { bulkRoutes } from './bulk.ts'
import { choiceRoutes, type Hosts } from './choices.ts'
import type { CommandRoute } from './command-route.ts'
import { commandRoutes, type Sight } from './routes.ts'

interface Parts extends Hosts {
  readonly sight: Sight
  readonly deciders: readonly Decider[]
  readonly choices: readonly Choice[]
}

/** All that the service can be asked for. */
export function everyRoute({ deciders, choices, ...hosts }: Parts): readonly CommandRoute[] {
  const { handle, gate } = hosts
  const routes = [...commandRoutes(deciders, handle, gate, hosts.sight), ...bulkRoutes(deciders, handle, gate), ...choiceRoutes(choices, hosts)]
  return [...routes, batchRoute(routes)]
}
