import { fold, type Evolve } from '../../kernel/decider.ts'
import type { Document } from './document.ts'
import { bandOf } from './bands.ts'
import { Charter, type CharterEvent, type Intervention } from './events.ts'
import type { Terms } from './verdict.ts'

export interface CharterState {
  /** The first is version 1. */
  readonly versions: readonly { readonly document: Document; readonly hash: string }[]
  readonly active: number | null
  /** Versions that were active before this one, each once, the latest last. */
  readonly before: readonly number[]
  /** The last report since interventions were cleared. */
  readonly report: { readonly band: string; readonly at: string } | null
  readonly inForce: readonly Intervention[]
  /** The version that holds is to be rolled back, and has not been. */
  readonly isFallen: boolean
}

const without = (versions: readonly number[], version: number) => versions.filter((one) => one !== version)

const evolve: Evolve<CharterState, CharterEvent> = {
  CharterPublished: (state, { document, hash }) => ({ ...state, versions: [...state.versions, { document, hash }] }),
  CharterActivated: (state, { version: active, previous }) =>
    ({
    ...state, active, before: previous === null ? [] : without([...without(state.before, previous), previous], active), isFallen: false,
  }),
  // What is rolled back is not gone back to.
  CharterRolledBack: (state, { from, to: active }) => {
    const before = without(state.before, from)
    return { ...state, active, before: before.includes(active) ? before.slice(0, before.indexOf(active)) : before, isFallen: false }
  },
  DriftReported: (state, { score, critical }, { at }) => ({ ...state, report: { band: bandOf(score, critical), at } }),
  GuardianInterventionApplied: (state, { actions, inForce }) =>
    ({ ...state, inForce, isFallen: state.isFallen || actions.includes('rollback') }),
  GuardianInterventionCleared: (state) => ({ ...state, report: null, inForce: [], isFallen: false }),
}

export const charterState = fold('charter', Charter, {
  versions: [], active: null, before: [], report: null, inForce: [], isFallen: false,
}, evolve)

export const documentOf = ({ versions, active }: CharterState): Document => (active === null ? {} : versions[active - 1]!.document)

/** By what actions are judged; without a charter by nothing. */
export const termsOf = (state: CharterState, left: number | null = null): Terms =>
  ({ document: documentOf(state), isReduced: state.inForce.includes('reduce_autonomy'), left })
