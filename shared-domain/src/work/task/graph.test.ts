import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import { subject, uuid } from '../../kernel/testing.ts'
import { cycleThrough } from './graph.ts'
import { codeOf, created, inWorld, seed } from './scene.ts'
import { taskState } from './state.ts'

t.test('S-1 tasks never wait for one another in a circle, and only what would close one is refused as one', async () => {
  const tasks = Array.from({ length: 6 }, (_, index) => uuid(50 + index))
  const edge = fc.record({ from: fc.constantFrom(...tasks), to: fc.constantFrom(...tasks) })
  fc.assert(fc.property(fc.array(edge, { maxLength: 30 }), (edges) => {
    const { world, tell } = inWorld()
    for (const id of tasks) tell(taskState, id, created())
    const waitsFor = (id: string): readonly string[] => {
      const known = world.look(taskState, id)
      return known.status === 'NONE' ? [] : known.dependsOn
    }
    const reaches = (from: string, to: string): boolean => from === to || waitsFor(from).some((next) => reaches(next, to))
    for (const { from, to } of edges) {
      const closes = reaches(to, from)
      const decision = world.do({ category: 'task', id: from, command: 'addDependency', data: { dependency: to } })
      if (closes !== (codeOf(decision) === 'DEPENDENCY_CYCLE')) throw new Error('the verdict is wrong')
      if (!(decision instanceof Rejection)) continue
      const [begin, next, ...rest] = decision.detail.cycle as string[]
      const steps = [next!, ...rest]
      if (begin !== from || next !== to || steps.at(-1) !== from)
        throw new Error('the circle begins with the new wait and ends where it began')
      for (const [index, one] of steps.slice(1).entries())
        if (!waitsFor(steps[index]!).includes(one as never)) throw new Error('the circle is not one')
    }
  }), { seed, numRuns: 200 })
})

t.test('S-1 the search for a circle ends, however long the chain', async (t) => {
  let looks = 0
  const endless = <State>(_: unknown, id: string): State => {
    looks++
    return { ...created().data, status: 'TODO', organization: 'acme', dependsOn: [uuid(Number(id.slice(-12)) + 1)] } as State
  }
  t.equal(cycleThrough(subject, uuid(2), { look: endless, organization: 'acme' }), 'unknown')
  t.ok(looks >= 1_000 && looks < 1_100)
  t.equal(cycleThrough(subject, uuid(2), { look: ({ initial }) => initial, organization: 'acme' }), undefined)
})
