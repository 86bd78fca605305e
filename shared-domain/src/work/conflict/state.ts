import { digestOf } from '../../kernel/digest.ts'
import { fold, type Evolve } from '../../kernel/decider.ts'
import { idNamed } from '../../kernel/name-id.ts'
import type { OrchestratorId, TaskId } from '../../vocabulary.ts'
import { Conflict, type ConflictEvent } from './events.ts'

interface Known {
  readonly orchestrators: readonly OrchestratorId[]
  readonly tasks: readonly TaskId[]
  /** Those of the tasks that it holds back. */
  readonly held: readonly TaskId[]
  readonly cause: 'hand' | 'detected'
  /** Digest of what was said when it was opened. */
  readonly opening: string
}

type Open = Known & { readonly stage: 'open' }
type Ended = Known & {
  readonly stage: 'resolved' | 'dismissed'
  /** Digest of what was said when it was ended. */
  readonly ending: string
}
export type ConflictState = { readonly stage: 'unknown' } | Open | Ended

/** Whoever speaks of the same subject speaks of the same conflict. */
export const conflictId = (organization: string, kind: string, subject: string): string => idNamed(organization, kind, subject)

type Said<Names extends string> = Readonly<Record<Names, unknown>>

/** What tells the same wish again from another. */
export const wordsOf = {
  opening: ({ orchestrators, tasks, severity, note, evidence, hold }: Said<keyof Conflict>) =>
    digestOf([orchestrators, tasks, severity, note, evidence, hold]),
  resolution: ({ strategy, resolution }: Said<'strategy' | 'resolution'>) => digestOf([strategy, resolution]),
  dismissal: ({ reason }: Said<'reason'>) => digestOf([reason]),
}

type Conflict = Pick<Extract<ConflictEvent, { type: 'ConflictDetected' }>['data'],
  'orchestrators' | 'tasks' | 'severity' | 'note' | 'evidence' | 'hold'>

const evolve: Evolve<ConflictState, ConflictEvent> = {
  ConflictDetected: (_, said) => {
    const { orchestrators, tasks, hold, cause } = said
    return { stage: 'open', orchestrators, tasks, held: hold ? tasks : [], cause, opening: wordsOf.opening(said) }
  },
  ConflictResolved: (state, said) => ({ ...(state as Open), stage: 'resolved', ending: wordsOf.resolution(said) }),
  ConflictDismissed: (state, said) => ({ ...(state as Open), stage: 'dismissed', ending: wordsOf.dismissal(said) }),
}

export const conflictState = fold('conflict', Conflict, { stage: 'unknown' }, evolve)
