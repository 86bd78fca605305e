import t, { type Test } from 'tap'
import { digestOf } from '../../kernel/digest.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { behaviour, now, orchestrator, subject, uuid } from '../../kernel/testing.ts'
import { agentVersions } from './agent-versions.ts'
import { agent } from './decider.ts'
import { Agent, type AgentEvent } from './events.ts'
import { registered, supervisor } from './scene.ts'
import { agentState } from './state.ts'

const asked = (t: Test) => (...facts: readonly AgentEvent[]) => behaviour(t, agent).given(registered(), ...facts)
const manifest = { model: 'large', tools: ['search', 'shell'] }
const checksum = digestOf(manifest)
const published = (version: string, no: number, what: Record<string, any> = manifest) =>
  Agent.AgentVersionPublished({ orchestrator: supervisor, version, no, manifest: what, checksum: digestOf(what) })

t.test('F-12 a version is published with the hash of its manifest, and again without effect', async (t) => {
  const given = asked(t)
  given().when('publishVersion', { version: '1.0', manifest }).yields(published('1.0', 1))
  given(published('1.0', 1)).when('publishVersion', { version: '1.1', manifest: { model: 'small' } })
    .yields(published('1.1', 2, { model: 'small' }))
  given(published('1.0', 1)).when('publishVersion', { version: '1.0', manifest: { tools: ['search', 'shell'], model: 'large' } })
    .changesNothing()
  given().by(orchestrator(uuid(51))).when('publishVersion', { version: '1.0', manifest }).refuses('FORBIDDEN')
})

t.test('F-12 a checksum that is not the one of the manifest is refused, and says which is', async (t) => {
  const given = asked(t)
  given().when('publishVersion', { version: '1.0', manifest, checksum: checksum.toUpperCase() }).yields(published('1.0', 1))
  given().when('publishVersion', { version: '1.0', manifest, checksum: '0'.repeat(64) })
    .refuses('VALIDATION_ERROR', { errors: [{
      pointer: '/checksum', message: `is not the SHA-256 of the manifest as canonical JSON, which is ${checksum}`,
    }] })
})

t.test('F-12 a version that is known is no other, and there are a hundred at the most', async (t) => {
  const given = asked(t)
  given(published('1.0', 1)).when('publishVersion', { version: '1.0', manifest: {} })
    .refuses('ALREADY_EXISTS', { version: '1.0', checksum })
  const all = Array.from({ length: 100 }, (_, n) => published(`1.${n}`, n + 1))
  given(...all.slice(1)).when('publishVersion', { version: '2', manifest }).yields(published('2', 100))
  given(...all).when('publishVersion', { version: '2', manifest }).refuses('LIMIT_REACHED', { max: 100 })
  const { data } = agent.commands.publishVersion
  t.notOk(data.safeParse({ version: '1', manifest: { text: 'x'.repeat(32 * 1024) } }).success)
  t.notOk(data.safeParse({ version: 'x'.repeat(101), manifest }).success)
  t.notOk(data.safeParse({ version: '1', manifest, checksum: 'abc' }).success)
})

t.test('F-12 the last version is the current one', async (t) => {
  const row = { agent: subject, manifest, checksum, at: now, orchestrator: supervisor }
  const facts = [published('1.0', 1), published('1.1', 2)].map((fact) => recorded(agentState, fact))
  picture(t, agentVersions).after(...facts)
    .shows({ ...row, no: 1, version: '1.0', current: false }, { ...row, no: 2, version: '1.1', current: true })
})
