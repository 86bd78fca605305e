import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { forget, type Reaction } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { schedule } from './schedule/decider.ts'
import type { ScheduleEvent } from './schedule/events.ts'

interface Fact {
  readonly id: string
  readonly data: { readonly turnsAt: string | null }
}

const turnAt = (id: string, due: string, key: string) => send(schedule, id, 'turn', {}, { due, key })

const turns = ({ id, data: { turnsAt } }: Fact): Reaction =>
  [turnsAt === null ? forget(`schedule-${id}`) : turnAt(id, turnsAt, `schedule-${id}`)]

const kept = (fact: Fact): Reaction => [send(orchestrator, fact.id, 'keepHours', {}), ...turns(fact)]

export const timekeeping = process<ScheduleEvent>({
  name: 'timekeeping',
  about: 'Has schedules tell when hours begin and end, and notes where every command looks that there are any.',
  react: {
    WorkHoursConfigured: kept,
    ScheduleOverrideAdded: kept,
    ScheduleOverrideRemoved: turns,
    WorkHoursOpened: turns,
    WorkHoursClosed: (fact) => [
      ...turns(fact), ...(fact.data.overtimeAt === null ? [] : [turnAt(fact.id, fact.data.overtimeAt, `overtime-${fact.id}`)]),
    ],
    WorkHoursClosing: turns,
    OvertimeNoticed: turns,
  },
})
