import fc from 'fast-check'
import t from 'tap'
import { digestOf } from '../../kernel/digest.ts'
import { uuid } from '../../kernel/testing.ts'
import type { TaskEvent } from '../task/events.ts'
import { assigned, completed, created, delegated, escalated, handedOff, inWorld, other, owner, resolved, started } from '../task/scene.ts'
import { taskState } from '../task/state.ts'
import { bytes_max, context, fitted } from './context.ts'

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

t.test('W-60 the moves of the task, the last handoff and the last five escalations, the latest first', async (t) => {
  const moves = [delegated(other), handedOff({ owner: other as never, to: owner as never })]
  const escalations = Array.from({ length: 6 }, () => [escalated(), resolved()]).flat()
  const { chain, lastHandoff, escalations: told } = scene(created(), ...moves, ...escalations).ask()
  t.match(chain, [{ kind: 'handoff', revision: 2 }, { kind: 'delegation', revision: 1, from: owner, to: other }])
  t.match(lastHandoff, { kind: 'handoff', revision: 2 })
  t.strictSame(told.map(({ revision }: any) => revision), [13, 11, 9, 7, 5])
  t.equal(scene(created()).ask().lastHandoff, null)
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
  const dependency = { task: uuid(3), title: 'x'.repeat(500), status: 'TODO', met: false }
  const counts = fc.record({ related: fc.nat(10), dependencies: fc.nat(100), most: fc.integer({ min: 3_000, max: 60_000 }) })
  const seen = new Set<string>()
  fc.assert(fc.property(counts, ({ related, dependencies, most }) => {
    const whole = { ...parts, related: Array(related).fill(neighbour), dependencies: Array(dependencies).fill(dependency) }
    const { digest, cut, ...rest } = fitted(whole, most)
    if (size(rest) > most && (rest.related.length > 0 || rest.dependencies.length > 0)) throw new Error('it could be less')
    if (digest !== digestOf(rest)) throw new Error('it is the digest of something else')
    if (cut.length === 0 && size(whole) > most && related + dependencies > 0) throw new Error('too much was told')
    if (cut.includes('dependencies') && rest.related.length > 0) throw new Error('the last goes first')
    seen.add(cut.join())
  }), { seed: 2030, numRuns: 200 })
  t.strictSame([...seen].sort(), ['', 'dependencies', 'related', 'related,dependencies'])
  t.equal(bytes_max, 1_048_576)
})
