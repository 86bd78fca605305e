import { process, send } from '../kernel/process.ts'
import { capacity } from './capacity/decider.ts'
import { charter } from './charter/decider.ts'
import type { CharterEvent } from './charter/events.ts'
import { orchestrator } from './orchestrator/decider.ts'

const noted = ({ id }: { id: string }) => [send(orchestrator, id, 'guard', {}), send(capacity, id, 'guard', {})]

export const guardians = process<CharterEvent>({
  name: 'guardians',
  about: 'Notes which charter holds where every command looks, and does what is to be done about drift.',
  react: {
    CharterActivated: noted,
    CharterRolledBack: noted,
    GuardianInterventionApplied: ({ id, data: { actions } }) => [
      ...(actions.includes('rollback') ? [send(charter, id, 'revert', {})] : []),
      ...(actions.includes('pause') ? [send(orchestrator, id, 'standDown', {})] : []),
    ],
  },
})
