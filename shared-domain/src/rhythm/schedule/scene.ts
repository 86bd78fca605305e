import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { days } from '../calendar/slots.ts'
import { usual, type Terms } from './terms.ts'

const profile = {
  name: 'Ada', discipline: 'general', role: 'lead', capabilities: [], timezone: 'Europe/Berlin', daemonEndpoint: null, consensusWeight: 1,
  email: null, avatarUrl: null, tier: 1,
}

export const registered = Orchestrator.OrchestratorRegistered({ ...profile, maxConcurrentTasks: 5 })

export const workdays: Terms['weekly'] = Object.fromEntries(days.slice(0, 5).map((day) => [day, [{ start: '09:00', end: '17:00' }]]))

/** As usual in the zone of the profile, on workdays from nine to five. */
export const terms = { zone: 'Europe/Berlin', ...usual, always24x7: false, weekly: workdays }
