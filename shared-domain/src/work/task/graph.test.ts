import fc from 'fast-check'
import t from 'tap'
import { Rejection, type Context, type Fold } from '../../kernel/decider.ts'
import type { Recorded } from '../../kernel/fact.ts'
import { subject, uuid } from '../../kernel/testing.ts'
import { task } from './decider.ts'
import { circleClosed, cycleThrough } from './graph.ts'
import { codeOf, created, inWorld, seed } from './scene.ts'
import { taskState, type Known } from './state.ts'

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

interface Wait { readonly from: string; readonly to: string }

/** Those of these waits that stand when each sees all before it. */
function standing(waits: readonly Wait[]): readonly Wait[] {
  const stand: Wait[] = []
  const leads = (from: string, to: string): boolean =>
    from === to || stand.some((wait) => wait.from === from && leads(wait.to, to))
  for (const wait of waits) if (!leads(wait.to, wait.from)) stand.push(wait)
  return stand
}

t.test('S-1 of waits added side by side those stand that would one after the other, whatever is seen when', async (t) => {
  const tasks = Array.from({ length: 5 }, (_, index) => uuid(50 + index))
  const wish = fc.record({ from: fc.constantFrom(...tasks), to: fc.constantFrom(...tasks) })
  const withdrawals = new Set<number>()
  fc.assert(fc.property(fc.array(wish, { maxLength: 14, size: 'max' }), fc.infiniteStream(fc.nat(1_000)), (wishes, lots) => {
    const { world, tell } = inWorld()
    for (const id of tasks) tell(taskState, id, created())
    const draw = (below: number) => lots.next().value! % below
    const told = (type: string) => world.log.filter((fact) => fact.type === type)
    /** Decides on what the log said of the others at some moment, for each another, but not before this one. */
    const send = (command: 'addDependency' | 'breakCircle', { from, to }: Wait, earliest: number) => {
      const seen = new Map(tasks.filter((id) => id !== from).map((id) => {
        const facts = world.log.slice(0, earliest + draw(world.log.length - earliest + 1)).filter((fact) => fact.id === id)
        return [id, facts.reduce((state, fact) => taskState.evolve(state, fact as never, fact), taskState.initial)]
      }))
      const look = (fold: Fold, id: string) => seen.get(id) ?? world.look(fold, id)
      const context = { ...world.contextOf({ id: from }), look: look as Context['look'] }
      const { data, decide } = task.commands[command]
      const decision = decide(world.look(taskState, from), data.parse({ dependency: to }), context)
      if (!(decision instanceof Rejection)) world.append(taskState, from, decision, context)
    }
    const made = world.log.length
    const unchecked: Recorded[] = []
    let known = 0
    for (let left = [...wishes]; left.length + unchecked.length > 0;) {
      if (left.length > 0 && (unchecked.length === 0 || draw(3) > 0)) send('addDependency', left.shift()!, made)
      else {
        const [fact] = unchecked.splice(draw(unchecked.length), 1)
        send('breakCircle', { from: fact!.id, to: (fact!.data as { dependency: string }).dependency }, Number(fact!.position) + 1)
      }
      unchecked.push(...told('DependencyAdded').slice(known))
      known = told('DependencyAdded').length
    }
    const text = (waits: readonly Wait[]) => waits.map(({ from, to }) => `${from} ${to}`).sort().join()
    const added = told('DependencyAdded').map(({ id, data }) => ({ from: id, to: (data as { dependency: string }).dependency }))
    const left = tasks.flatMap((id) => (world.look(taskState, id) as Known).dependsOn.map((to) => ({ from: id, to })))
    withdrawals.add(told('DependencyWithdrawn').length)
    if (text(left) !== text(standing(added))) throw new Error(`${text(left)} stand, not ${text(standing(added))}`)
  }), { seed, numRuns: 1_000 })
  t.ok([...withdrawals].some((count) => count > 2), 'several circles at once were met')
})

t.test('S-1 of too many waits that hang together rather one too few stands than a circle', async (t) => {
  const [one, another] = [uuid(2), uuid(3)]
  /** The circle that the subject would close over a wait that does not stand itself, with rows of so many tasks on the way. */
  const closed = (width: number) => {
    const rows = [1_000, 2_000, 3_000, 4_000].map((base) => Array.from({ length: width }, (_, index) => uuid(base + index)))
    const waits = new Map<string, readonly (readonly [to: string, since: string])[]>([
      [subject, [[another, '9']]], [one, [[another, '3'], ...rows[0]!.map((id) => [id, '1'] as const)]], [another, [[one, '4']]],
      ...rows.flatMap((row, index) => row.map((id) => [id, (rows[index + 1] ?? [subject]).map((next) => [next, '1'] as const)] as const)),
    ])
    const look = (_: Fold, id: string) =>
      ({ status: 'TODO', dependsOn: waits.get(id)!.map(([to]) => to), waitsSince: new Map(waits.get(id)) })
    return circleClosed(subject, another, { look: look as unknown as Context['look'], organization: 'acme' })
  }
  t.equal(closed(2), undefined)
  t.strictSame(closed(20)?.length, 8)
})
