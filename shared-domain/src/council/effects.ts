import { capacity } from '../fleet/capacity/decider.ts'
import { process, send, tell } from '../kernel/process.ts'
import { conflict } from '../work/conflict/decider.ts'
import { task } from '../work/task/decider.ts'
import { decision } from './decision/decider.ts'
import type { DecisionEvent } from './decision/events.ts'

type Due = Extract<DecisionEvent, { type: 'DecisionApproved' | 'EffectRetried' }>

/** What was approved, by a command that says so; the decision hears whether it could be done. */
function done({ id, data: { task: about, effect } }: Due & { readonly id: string }) {
  if (effect === null) return []
  const when = { report: tell(decision, id, 'reportEffect', {}) }
  if ('priority' in effect) return about ? [send(task, about, 'reprioritize', { ...effect, decision: id }, when)] : []
  if ('orchestrator' in effect) {
    const { orchestrator, maxConcurrentTasks } = effect
    return [send(capacity, orchestrator, 'allot', { maxConcurrentTasks }, when)]
  }
  const { conflict: which, ...how } = effect
  return [send(conflict, which, 'settle', how, when)]
}

export const effects = process<DecisionEvent>({
  name: 'effects',
  about: 'Does what was approved: another priority, another capacity, the end of a conflict.',
  react: { DecisionApproved: done, EffectRetried: done },
})
