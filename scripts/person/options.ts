import type { ParseArgsOptionsConfig } from 'node:util'
import { parsed, Usage } from '../../infra/console/command.ts'
import { Api, type Who } from '../api.ts'
import { profileOf } from './profile.ts'

export const common = { json: { type: 'boolean', default: false }, root: { type: 'string' } } as const

/** Words and options of a call. Throws `Usage` where one is unknown. */
export const optionsOf = <const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) =>
  parsed({ args: [...args], options: { ...options, ...common }, allowPositionals: true })

/** Baton as whoever sits here. Who waits at a terminal is told soon that nobody answers. */
export const apiFor = (root: string | undefined): Api => {
  const { url, key } = profileOf(root)
  return new Api(url, key, { tries_max: 4, pause_max_ms: 1_000 })
}

/** The orchestrator of the key. Throws `Usage` where it is none's. */
export async function ownOrchestrator(api: Api): Promise<string> {
  const { actor } = await api.get<Who>('/keys/validate')
  if (actor.kind !== 'orchestrator') throw new Usage(`The key is of ${actor.kind} ${actor.id}: say --orchestrator.`)
  return actor.id
}
