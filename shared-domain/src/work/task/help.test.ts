import t from 'tap'
import { admin, orchestrator } from '../../kernel/testing.ts'
import { Task } from './events.ts'
import { created, other, owner, scene, stranger, third } from './scene.ts'

t.test('S-19 others are asked to help, and answer for themselves', async (t) => {
  const given = scene(t)
  const ask = (...collaborators: string[]) => ({ collaborators: collaborators.map((orchestrator) => ({ orchestrator, role: 'review' })) })
  const requested = (collaborator: string, role = 'review') => Task.CollaborationRequested({ owner, collaborator, role, note: null })
  const accepted = Task.CollaborationAccepted({ owner, collaborator: other, role: 'review' })
  const declined = Task.CollaborationDeclined({ owner, collaborator: other, reason: null })
  given(created()).when('collaborate', ask(other, third)).yields(requested(other), requested(third))
  const twice = [{ orchestrator: other, role: 'review' }, { orchestrator: other, role: 'write' }]
  given(created()).when('collaborate', { collaborators: twice }).yields(requested(other, 'write'))
  given(created(), requested(other)).when('collaborate', ask(other, third)).yields(requested(third))
  given(created(), requested(other), accepted).when('collaborate', ask(other)).yields()
  given(created(), requested(other), accepted).when('collaborate', { ...ask(other, third), note: 'until Friday' })
    .yields(Task.CollaborationRequested({ owner, collaborator: third, role: 'review', note: 'until Friday' }))
  const anew = [{ orchestrator: other, role: 'write' }]
  for (const answer of [accepted, declined])
    given(created(), requested(other), answer).when('collaborate', { collaborators: anew }).yields(requested(other, 'write'))
  given(created(), requested(other)).when('collaborate', { ...ask(other), note: 'until Friday' })
    .yields(Task.CollaborationRequested({ owner, collaborator: other, role: 'review', note: 'until Friday' }))
  given(created()).when('collaborate', ask(owner)).refuses('SELF_COLLABORATION')
  given(created()).when('collaborate', ask(stranger)).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: stranger })
  given(created(), requested(other)).by(orchestrator(other)).when('acceptCollaboration', {}).yields(accepted)
  given(created(), requested(other), accepted).by(orchestrator(other)).when('declineCollaboration', {}).yields(declined)
  given(created(), requested(other), declined).by(orchestrator(other)).when('acceptCollaboration', {}).yields(accepted)
  for (const by of [orchestrator(third), admin])
    given(created(), requested(other)).by(by).when('acceptCollaboration', {}).refuses('NOT_ASKED')
})
