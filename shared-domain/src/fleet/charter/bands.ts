import { interventions, type Intervention } from './events.ts'

/** What is done from which score on. */
const bands: readonly (readonly [from: number, actions: readonly Intervention[]])[] = [
  [35, ['reduce_autonomy']], [45, ['audit']], [60, ['pause', 'notify']],
]

const whenCritical: readonly Intervention[] = ['notify', 'rollback', 'pause']

/** Reports of one band lead to the same. */
export const bandOf = (score: number, critical: boolean): string =>
  `${bands.filter(([from]) => score >= from).length}${critical ? ' critical' : ''}`

export function actionsFor(score: number, critical: boolean): readonly Intervention[] {
  const wanted = [...bands.filter(([from]) => score >= from).flatMap(([, actions]) => actions), ...(critical ? whenCritical : [])]
  return interventions.filter((action) => wanted.includes(action))
}
