import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Reservation, type AgendaEvent } from './events.ts'

const row = Reservation.extend({ orchestrator: OrchestratorId, reserved_at: StoredInstant })

const project: Project<typeof row, 'reservation', AgendaEvent> = {
  TimeSlotReserved: ({ id, at, data }) => [{ put: { ...data, orchestrator: OrchestratorId.parse(id.split('.')[0]), reserved_at: at } }],
  TimeSlotReleased: ({ data: { reservation } }) => [{ remove: { reservation } }],
}

export const reservations = readModel({
  name: 'reservation',
  about: 'When orchestrators mean to work on which tasks.',
  version: 1,
  path: '/reservations',
  row,
  key: ['reservation'],
  filters: ['orchestrator', 'task'],
  ranges: ['start', 'end'],
  sorts: ['start'],
  order: ['start'],
  indexes: [['orchestrator', 'start']],
  project,
})
