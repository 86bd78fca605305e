import t from 'tap'
import { subject as id, uuid } from '../../kernel/testing.ts'
import { World } from '../../kernel/world.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { charter } from './decider.ts'
import { charterDiff, orchestratorCharter } from './questions.ts'

function scene() {
  const world = new World([orchestrator, charter])
  const wish = (command: string, data: object = {}, category = 'charter') => world.do({ category, id, command, data })
  wish('register', { name: 'Ada' }, 'orchestrator')
  return { world, wish }
}

t.test('F-20 F-21 the charter of an orchestrator: which holds, what was said of drift last, what is in force against it', async (t) => {
  const { world, wish } = scene()
  const asked = (orchestrator = id) => world.ask(orchestratorCharter, { params: { orchestrator } })
  t.strictSame(asked(), { active: null, drift: null, interventions: [] })
  const [first, document] = [world.at, { mission: 'Keep the harbour open.' }]
  wish('publish', { document })
  wish('publish', { document: {}, activate: false })
  t.match(asked(), { active: { version: 1, document, hash: /^[0-9a-f]{64}$/, published_at: first, activated_at: first }, drift: null })
  world.pass(1_000)
  wish('reportDrift', { score: 20 })
  wish('reportDrift', { score: 46, evidence: { commits: 3 } })
  const drift = { score: 46, critical: false, evidence: { commits: 3 }, reported_at: world.at }
  t.match(asked(), { active: { version: 1 }, drift, interventions: ['reduce_autonomy', 'audit'] })
  wish('clearIntervention', { reason: 'seen to' })
  wish('activate', { version: 2 })
  t.match(asked(), { active: { version: 2, document: {} }, drift, interventions: [] })
  t.equal(asked(uuid(9)), undefined)
})

t.test('F-20 what differs between two versions, the first 200 of all', async (t) => {
  const { world, wish } = scene()
  const diff = (from: number, to: number, orchestrator = id) =>
    world.ask(charterDiff, { params: { orchestrator }, query: { from, to } }) as any
  wish('publish', { document: { mission: 'a', constraints: { forbiddenActions: ['task.cancel'] } } })
  wish('publish', { document: { mission: 'b', constraints: { forbiddenActions: ['deploy.*', 'task.cancel'] } } })
  t.strictSame(diff(1, 2), {
    differences: [
      { op: 'add', path: '/constraints/forbiddenActions/0', from: null, to: 'deploy.*' },
      { op: 'replace', path: '/mission', from: 'a', to: 'b' },
    ],
    total: 2,
  })
  t.strictSame(diff(2, 1).differences[0], { op: 'remove', path: '/constraints/forbiddenActions/0', from: 'deploy.*', to: null })
  t.strictSame(diff(2, 2), { differences: [], total: 0 })
  wish('publish', { document: { objectives: Array.from({ length: 300 }, (_, n) => n) } })
  wish('publish', { document: { objectives: Array.from({ length: 300 }, (_, n) => n + 1_000) } })
  t.match(diff(3, 4), { differences: { length: 200 }, total: 300 })
  t.strictSame([diff(1, 9), diff(1, 2, uuid(9))], [undefined, undefined])
  const takes = (query: object) => charterDiff.query.safeParse(query).success
  t.strictSame([{ from: 1, to: 500 }, { from: 0, to: 1 }, { from: 1 }].map(takes), [true, false, false])
})
