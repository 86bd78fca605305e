import fc from 'fast-check'
import t from 'tap'
import { Charter } from '../../fleet/charter/events.ts'
import { charterState } from '../../fleet/charter/state.ts'
import { digestOf } from '../../kernel/digest.ts'
import { uuid } from '../../kernel/testing.ts'
import { Task, type TaskEvent } from '../task/events.ts'
import {
  assigned, completed, created, delegated, escalated, handedOff, inWorld, lease, other, owner, released, resolved, started, third,
} from '../task/scene.ts'
import { taskState } from '../task/state.ts'
import { context } from './context.ts'
import { bytes_max, fitted } from './fitting.ts'

/** What is handed over with the first task after these facts. */
const scene = (...facts: readonly TaskEvent[]) => {
  const { world, tell } = inWorld(...facts)
  return {
    world, happened: (n: number, ...more: TaskEvent[]) => tell(taskState, uuid(n), ...more),
    ask: (n = 1, query: object = {}) => world.ask(context, { params: { task: uuid(n) }, query }) as any,
  }
}
const titles = (rows: readonly { title: string }[]) => rows.map(({ title }) => title)

t.test('W-60 whoever takes a task up is told of it, its owner, and the tasks before and behind it', async (t) => {
  const { ask, happened } = scene(created({ title: 'mine', dependsOn: [uuid(2), uuid(3)] as never }))
  happened(2, created({ title: 'done before' }), started(), completed('1'))
  happened(3, created({ title: 'open before' }))
  happened(4, created({ title: 'behind', dependsOn: [uuid(1)] as never }))
  const told = ask()
  t.match(told, { task: { task: uuid(1), title: 'mine' }, owner: { orchestrator: owner }, memory: [], cut: [] })
  t.strictSame(told.dependencies.map((one: any) => [one.title, one.met]), [['done before', true], ['open before', false]])
  t.strictSame(titles(told.dependents), ['behind'])
  t.notOk('email' in told.owner, 'an address is not handed on')
  t.equal(ask(9), undefined)
  for (const memoryTokens of [-1, 99, 32_001, 0.5]) t.throws(() => ask(1, { memoryTokens }), `${memoryTokens}`)
  for (const memoryTokens of [0, 100, 32_000]) t.strictSame(ask(1, { memoryTokens }), told, 'nothing is remembered so far')
})

t.test('W-60 the delegations that are open, the last handoff and the last five escalations', async (t) => {
  const handed = handedOff({ owner: other, to: third, from: 'TODO', lease: null, depth: 2 } as object)
  const { chain, lastHandoff } = scene(created(), delegated(other, owner, { depth: 1 }), handed).ask()
  const [first, second] = [{ kind: 'delegation', revision: 1, from: owner, to: other, depth: 1 }, { kind: 'handoff', revision: 2 }]
  t.match(chain, [first, { ...second, state: 'OFFERED' }])
  t.match(lastHandoff, { kind: 'handoff', revision: 2 })
  const escalations = Array.from({ length: 6 }, () => [escalated(), resolved()]).flat()
  const told = scene(created(), delegated(other), ...escalations).ask()
  t.match(told, { chain: [], lastHandoff: null }, 'what opened no delegation is no part of the chain')
  t.strictSame(told.escalations.map(({ revision }: any) => revision), [12, 10, 8, 6, 4])
})

t.test('W-60 what came of the task, who helps, what was noted and how it was tried before', async (t) => {
  const asked = { owner, collaborator: third, role: 'reviewer' } as const
  const told = scene(
    created(), Task.CollaborationRequested({ ...asked, note: 'please' } as never), Task.CollaborationAccepted(asked as never),
    Task.CollaborationRequested({ ...asked, collaborator: other, note: null } as never),
    Task.CollaborationDeclined({ ...asked, collaborator: other, reason: null } as never),
    ...Array.from({ length: 7 }, (_, n) => [started(), released({ lease: lease(String(5 + 2 * n)) })]).flat(),
    ...Array.from({ length: 25 }, (_, n) => Task.TaskNoted({ owner, text: `note ${n}`, artifacts: [], hoursSpent: null, role: 'owner' })),
    started(), completed('44', { output: { lines: 3 }, metrics: { cost: 7 } }),
  ).ask()
  t.match(told.collaborators, [{ collaborator: third, role: 'reviewer', note: 'please', state: 'accepted' }])
  t.equal(told.collaborators.length, 1)
  t.strictSame([told.notes.length, told.notes[0].text, told.notes.at(-1).text], [20, 'note 24', 'note 5'])
  t.strictSame(told.attempts.map(({ token, outcome }: any) => [token, outcome]),
    [['44', 'completed'], ['17', 'released'], ['15', 'released'], ['13', 'released'], ['11', 'released']])
  t.match(told.result, { output: { lines: 3 }, metrics: { cost: 7 }, token: '44' })
  t.equal(scene(created()).ask().result, null)
})

t.test('W-60 the charter in force, and no other version of it', async (t) => {
  const { world, ask } = scene(created())
  t.equal(ask().charter, null)
  const published = (version: number) => Charter.CharterPublished({
    orchestrator: owner, version, document: { mission: `the ${version}.` }, hash: String(version).repeat(64),
  } as never)
  world.append(charterState, owner, [
    published(1), Charter.CharterActivated({ orchestrator: owner, version: 1, previous: null } as never), published(2),
  ], world.contextOf({ id: owner }))
  t.match(ask().charter, { version: 1, document: { mission: 'the 1.' } })
})

t.test('W-60 what dependencies delivered is told as far as there is room, each and all together', async (t) => {
  const text = (size: number) => 'x'.repeat(size - 2)
  const told = (...outputs: readonly unknown[]) => {
    const { ask, happened } = scene(created({ dependsOn: outputs.map((_, n) => uuid(n + 2)) as never }))
    for (const [n, output] of outputs.entries())
      happened(n + 2, created(), started(), completed('1', { output, artifacts: [{ name: 'a', uri: 'b', type: null }] } as object))
    return ask()
  }
  const few = told({ lines: 3 }, text(16_384), text(16_385), null)
  t.strictSame(few.dependencies.map(({ output }: any) => output?.length ?? output), [{ lines: 3 }, 16_382, null, null])
  t.match(few, { cut: ['outputs'], dependencies: Array(4).fill({ met: true, artifacts: [{ name: 'a', uri: 'b', type: null }] }) })
  t.strictSame(told({ lines: 3 }, null).cut, [], 'what delivered nothing is not cut')
  const many = told(...Array(20).fill(text(16_384)))
  t.equal(many.dependencies.filter(({ output }: any) => output !== null).length, 16, '256 KiB of them all')
})

t.test('W-60 related are those of the same workspace with most tags in common, then the newest; at most ten', async (t) => {
  const { ask, happened, world } = scene(created({ workspace: 'docks', tags: ['rope', 'sail'] }))
  happened(2, created({ title: 'both', workspace: 'docks', tags: ['sail', 'rope'] }))
  happened(3, created({ title: 'older', workspace: 'docks', tags: ['rope'] }))
  world.pass(1)
  happened(4, created({ title: 'newer', workspace: 'docks', tags: ['sail', 'tar'] }))
  happened(5, created({ title: 'elsewhere', workspace: 'yard', tags: ['sail', 'rope'] }))
  happened(6, created({ title: 'none', workspace: 'docks' }))
  t.strictSame(titles(ask().related), ['both', 'newer', 'older', 'none'])
  for (let n = 11; n < 25; n++) happened(n, created({ workspace: 'docks' }))
  t.equal(ask().related.length, 10)
  t.strictSame(scene(created({ tags: ['rope'] })).ask().related, [], 'without a workspace nothing is near')
})

t.test('W-60 the digest is that of what comes before it: the same while nothing changes, another when something does', async (t) => {
  const { ask, happened, world } = scene(created())
  const { digest, cut, ...parts } = ask()
  t.strictSame([digest, cut], [digestOf(parts), []])
  world.pass(1_000)
  t.equal(ask().digest, digest, 'time alone changes nothing')
  happened(1, assigned('grace'))
  t.not(ask().digest, digest)
})

t.test('W-60 what is too much goes, the last parts first, and is named', async (t) => {
  const { digest: _, cut: none, ...parts } = scene(created()).ask()
  t.strictSame(none, [])
  const size = (value: unknown) => Buffer.byteLength(JSON.stringify(value))
  const neighbour = { task: uuid(2), title: 'ü'.repeat(500), status: 'TODO', tags: [], created_at: parts.task.created_at }
  const dependency = { task: uuid(3), title: 'x'.repeat(500), status: 'TODO', met: false, artifacts: [], output: null }
  const counts = fc.record({ related: fc.nat(10), dependencies: fc.nat(100), most: fc.integer({ min: 3_000, max: 60_000 }) })
  const seen = new Set<string>()
  fc.assert(fc.property(counts, ({ related, dependencies, most }) => {
    const whole = { ...parts, related: Array(related).fill(neighbour), dependencies: Array(dependencies).fill(dependency) }
    const { digest, cut, ...rest } = fitted(whole, [], most)
    if (size(rest) > most && (rest.related.length > 0 || rest.dependencies.length > 0)) throw new Error('it could be less')
    if (digest !== digestOf(rest)) throw new Error('it is the digest of something else')
    if (cut.length === 0 && size(whole) > most && related + dependencies > 0) throw new Error('too much was told')
    if (cut.includes('dependencies') && rest.related.length > 0) throw new Error('the last goes first')
    seen.add(cut.join())
  }), { seed: 2030, numRuns: 200 })
  t.strictSame([...seen].sort(), ['', 'dependencies', 'related', 'related,dependencies'])
  t.equal(bytes_max, 1_048_576)
})
