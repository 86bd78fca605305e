import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import type { TaskId } from '../../vocabulary.ts'
import { conflictState } from '../../work/conflict/state.ts'
import { taskState } from '../../work/task/state.ts'
import { Allotted, Reprioritized, Resolve, Settled, type Consequence, type Effect } from './effect-shapes.ts'

const shapes = {
  task_approval: undefined, priority_change: Reprioritized, resource_allocation: Allotted, decision: Settled, other: Settled,
} as const

interface Said {
  readonly type: keyof typeof shapes
  readonly effect?: Effect | undefined
  readonly options?: readonly { readonly resolve?: unknown }[] | undefined
}

/** What is wrong with an effect as it is said: each with the field that it is about. */
export function* faultsOfEffect({ type, effect, options }: Said): Generator<{ readonly path: string; readonly message: string }> {
  const isConflict = effect !== undefined && 'conflict' in effect
  if (effect === undefined) {
    if (type === 'priority_change') yield { path: 'effect', message: 'says to which priority' }
  } else if (!shapes[type]?.safeParse(effect).success) {
    yield { path: 'effect', message: `is not what ${type} has` }
  } else if (isConflict && !options && !effect.resolve) {
    yield { path: 'effect', message: 'says how the conflict is resolved, in `resolve`' }
  }
  if (isConflict && options?.some(({ resolve }) => resolve === undefined))
    yield { path: 'options', message: 'say each how the conflict is resolved, in `resolve`' }
  if (!isConflict && options?.some(({ resolve }) => resolve !== undefined))
    yield { path: 'options', message: 'resolve nothing without a conflict in `effect`' }
}

/** Those that a conflict is among: who decides on it when nobody else is named. */
export function partiesTo(effect: Effect | undefined, { look }: Pick<Context, 'look'>): readonly string[] | undefined {
  if (!effect || !('conflict' in effect)) return undefined
  const known = look(conflictState, effect.conflict)
  return known.stage === 'unknown' ? undefined : known.orchestrators
}

/** Why who asks may not have this happen, if so: nobody gets by a vote what it may not do itself (C-41). */
export function barred(effect: Effect | undefined, task: TaskId | null, context: Context) {
  if (effect === undefined) return undefined
  const { look } = context
  if ('priority' in effect) {
    if (task === null) return reject('TASK_REQUIRED')
    const known = look(taskState, task)
    return known.status !== 'NONE' && mayActAs(context, known.owner) ? undefined : reject('FORBIDDEN')
  }
  if ('orchestrator' in effect) {
    if (!isOf(effect.orchestrator, context)) return reject('ORCHESTRATOR_UNKNOWN', { orchestrator: effect.orchestrator })
    return mayActAs(context, effect.orchestrator) ? undefined : reject('FORBIDDEN')
  }
  const known = look(conflictState, effect.conflict)
  const isOpen = known.stage === 'open' && known.orchestrators.every((id) => isOf(id, context))
  if (!isOpen) return reject('CONFLICT_UNKNOWN', { conflict: effect.conflict })
  return known.orchestrators.some((id) => mayActAs(context, id)) ? undefined : reject('FORBIDDEN')
}

function isOf(orchestrator: string, { look, organization }: Context): boolean {
  const known = look(orchestratorState, orchestrator)
  return known.stage !== 'unknown' && known.organization === organization
}

interface Winner {
  readonly option: string | null
  readonly options: readonly { readonly option: string; readonly resolve: unknown }[] | null
}

/** What follows from an approval. */
export function consequenceOf(decision: string, effect: Effect | null, { option, options }: Winner): Consequence | null {
  if (effect === null || !('conflict' in effect)) return effect
  const chosen = options?.find((one) => one.option === option)?.resolve ?? effect.resolve
  const { strategy, resolution } = Resolve.parse(chosen)
  return { conflict: effect.conflict, strategy, resolution: { ...resolution, decision, option } }
}
