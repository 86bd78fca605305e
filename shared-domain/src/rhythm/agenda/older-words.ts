import type { OlderWords } from '../../kernel/decider.ts'
import type { AgendaState } from './state.ts'

const collection = '/orchestrators/:orchestrator/availability'

export const olderReservation: OlderWords<AgendaState> = {
  route: `POST ${collection}`,
  fields: { taskId: 'task', startTime: 'start', durationMinutes: 'duration_min', notes: 'note' },
}

export const olderRelease: OlderWords<AgendaState> = { route: `DELETE ${collection}/:reservation` }
