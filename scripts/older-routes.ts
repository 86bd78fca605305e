import type { Alias } from 'shared-domain/kernel/alias.ts'
import type { Command, Decider } from 'shared-domain/kernel/decider.ts'
import { wordingsOf } from '../command-service/src/wordings.ts'

export interface Declarations {
  readonly deciders: readonly Decider[]
}

export interface OlderRoute {
  /** `METHOD /path` below the version, as are the canonical words that it stands for. */
  readonly older: string
  readonly canonical: string
  readonly alias: Alias
}

/** Every alias that is declared, in the order of the declarations. */
export const olderRoutes = ({ deciders }: Declarations): readonly OlderRoute[] => deciders.flatMap((decider) =>
  (Object.entries(decider.commands) as [string, Command][]).flatMap(([name, command]) =>
    wordingsOf(decider, name, command).flatMap(({ alias, own: { method, path } }) =>
      (alias ? [{ older: alias.route, canonical: `${method} ${path}`, alias }] : []))))
