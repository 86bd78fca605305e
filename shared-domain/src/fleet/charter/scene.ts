import { orchestrator as orchestratorActor, subject, uuid } from '../../kernel/testing.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { Charter } from './events.ts'

/** The orchestrator whose charter it is: the stream is named after it. */
export const orchestrator = OrchestratorId.parse(subject)
export const itself = orchestratorActor(orchestrator)
export const stranger = orchestratorActor(uuid(9))

const reason = null
export const published = (version: number, hash: string, document: object = {}) =>
  Charter.CharterPublished({ orchestrator, version, document, hash })
export const activated = (version: number, previous: number | null) => Charter.CharterActivated({ orchestrator, version, previous, reason })

export const gone = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
