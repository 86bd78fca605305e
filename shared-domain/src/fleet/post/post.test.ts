import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, agent, behaviour, now, orchestrator, subject, uuid } from '../../kernel/testing.ts'
import { elsewhere, owner, registered } from '../../work/task/scene.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { statusPost } from './decider.ts'
import { StatusPost } from './events.ts'
import { posts } from './posts.ts'
import { statusPostState } from './state.ts'

const said = { orchestrator: owner, kind: 'milestone' as const, message: 'The harbour is open.' }
const posted = StatusPost.OrchestratorStatusPosted({ ...said, channels: [], task: null })
const left = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })

t.test('F-62 an orchestrator tells how things stand, once a post', async () => {
  const given = behaviour(t, statusPost).given().seeing(orchestratorState, owner, registered)
  for (const by of [admin, orchestrator(owner)]) given.by(by).when('post', said).yields(posted)
  given.when('post', { ...said, channels: ['ops'], task: uuid(2) })
    .yields(StatusPost.OrchestratorStatusPosted({ ...said, channels: ['ops'], task: uuid(2) }))
  behaviour(t, statusPost).given(posted).seeing(orchestratorState, owner, registered).when('post', said).changesNothing()
})

t.test('F-62 nobody posts for another, for nobody, or for who has left', async () => {
  const given = behaviour(t, statusPost).given()
  const known = given.seeing(orchestratorState, owner, registered)
  known.by(orchestrator(uuid(9))).when('post', said).refuses('FORBIDDEN')
  known.by(agent).when('post', said).refuses('FORBIDDEN')
  given.when('post', said).refuses('NOT_FOUND')
  given.seeing(orchestratorState, owner, elsewhere).when('post', said).refuses('NOT_FOUND')
  given.seeing(orchestratorState, owner, registered, left).when('post', said)
    .refuses('INVALID_STATE_TRANSITION', { action: 'post', status: 'ARCHIVED' })
})

t.test('F-62 a message has 10,000 characters at the most, and goes to 20 channels', async (t) => {
  const takes = (more: object) => statusPost.commands.post.data.safeParse({ ...said, ...more }).success
  t.ok(takes({ message: 'x'.repeat(10_000), channels: Array(20).fill('x'.repeat(200)) }))
  const wrong = [
    { message: '' }, { message: 'x'.repeat(10_001) }, { channels: Array(21).fill('x') }, { channels: ['x'.repeat(201)] }, { kind: 'joke' },
  ]
  for (const more of wrong) t.notOk(takes(more), JSON.stringify(more).slice(0, 60))
})

t.test('F-62 the read model shows what was posted', async (t) => {
  const row = { ...said, post: subject, channels: [], task: null, at: now }
  picture(t, posts).after(recorded(statusPostState, posted)).shows(row)
})
