import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import { CharterViolation, type CharterViolationEvent, type Violated } from './events.ts'

/** What was told in one hour of one orchestrator. */
export interface CharterViolationState {
  /** By the hash of the action: why, and the command by which it was told. */
  readonly told: ReadonlyMap<string, Pick<z.output<typeof Violated>, 'rule' | 'charterVersion'> & { readonly by: string }>
}

const evolve: Evolve<CharterViolationState, CharterViolationEvent> = {
  CharterConstraintViolated: ({ told }, { hash, rule, charterVersion }, { commandId: by }) =>
    ({ told: new Map(told).set(hash, { rule, charterVersion, by }) }),
}

export const charterViolationState = fold('charterViolation', CharterViolation, { told: new Map() }, evolve)

/** An hour, in UTC, has a stream of its own: `<orchestrator>.<yyyymmddhh>`. */
export const hourOf = (orchestrator: string, at: string): string => `${orchestrator}.${at.slice(0, 13).replace(/\D/g, '')}`
