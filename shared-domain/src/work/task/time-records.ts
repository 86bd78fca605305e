import { hour_ms } from '../../kernel/time.ts'
import { Task } from './events.ts'

type Recorded = ReturnType<typeof Task.TaskTimeRecorded>['data']

/** How near an estimate was, in percent. */
export const accuracyOf = (estimated: number, actual: number): number =>
  Math.round(100 * (1 - Math.abs(actual - estimated) / Math.max(actual, estimated)))

export const timeRecorded = (owner: Recorded['owner'], said: Pick<Recorded, 'estimatedHours' | 'actualHours' | 'source' | 'notes'>) => {
  const { estimatedHours, actualHours } = said
  return Task.TaskTimeRecorded({
    owner, ...said, variance: actualHours - estimatedHours, accuracy: accuracyOf(estimatedHours, actualHours),
  })
}

/** Work of so long in hours, to two decimals; some work there was. */
export const hoursOf = (worked_ms: number): number => Math.max(0.01, Math.round(100 * worked_ms / hour_ms) / 100)
