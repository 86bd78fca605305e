import t, { type Test } from 'tap'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { registered } from '../../work/task/scene.ts'
import { admin, behaviour, on, orchestrator, system, tool, uuid } from '../../kernel/testing.ts'
import { Conflict } from '../../work/conflict/events.ts'
import { conflictState } from '../../work/conflict/state.ts'
import { created } from '../../work/task/scene.ts'
import { taskState } from '../../work/task/state.ts'
import { decision } from './decider.ts'
import type { Consequence, Effect } from './effect-shapes.ts'
import { Decision, type DecisionEvent } from './events.ts'
import { asking, cast, deadline, electors, ended, opened, seat, tally, turnout } from './scene.ts'

const [a, b, c] = electors
const [work, dispute] = [2, 50].map(uuid) as [string, string]
const wish = { title: 'Shall we?', electorate: electors as readonly string[] as string[], deadline }
const disputed = Conflict.ConflictDetected({
  kind: 'resource', subject: 'the harbour', orchestrators: [a, b] as never, tasks: [], severity: 'LOW', note: null, hold: false,
  cause: 'hand', evidence: null, grounds: null,
})
const scene = (t: Test, ...facts: readonly DecisionEvent[]) =>
  electors.reduce((scenario, elector) => scenario.seeing(orchestratorState, elector, registered), behaviour(t, decision).given(...facts))
    .seeing(taskState, work, created({ owner: a as never })).seeing(conflictState, dispute, disputed)

const split = { strategy: 'split' as const, resolution: { parts: 2 } }
const options = [{ option: 'x', title: 'Ex', resolve: split }, { option: 'y', title: 'Why', resolve: { strategy: 'first' as const } }]
const allotted = { orchestrator: c, maxConcurrentTasks: 9 } as Effect

t.test('C-40 each type has an effect of its own, and a change of priority must say which', async (t) => {
  const { data } = decision.commands.open!
  const good: readonly object[] = [
    { type: 'priority_change', taskId: work, effect: { priority: 'HIGH' } }, { type: 'resource_allocation', effect: allotted },
    { type: 'resource_allocation' }, { type: 'decision', effect: { conflict: dispute, resolve: split } }, { type: 'other' },
    { type: 'other', effect: { conflict: dispute }, protocol: 'schulze', options },
    { type: 'other', effect: { conflict: dispute, resolve: split }, electorate: undefined },
  ]
  const bad: readonly [says: object, path: string][] = [
    [{ type: 'priority_change' }, 'effect'], [{ type: 'priority_change', effect: allotted }, 'effect'],
    [{ type: 'task_approval', effect: { priority: 'HIGH' } }, 'effect'], [{ type: 'other', effect: { conflict: dispute } }, 'effect'],
    [{ effect: { conflict: dispute }, protocol: 'schulze', options: [options[0], { option: 'y', title: 'Why' }] }, 'options'],
    [{ protocol: 'schulze', options }, 'options'], [{ type: 'resource_allocation', effect: allotted, electorate: undefined }, 'electorate'],
    [{ type: 'resource_allocation', effect: { ...allotted, maxConcurrentTasks: 51 } }, 'effect'],
  ]
  for (const says of good) t.ok(data.safeParse({ ...wish, ...says }).success, JSON.stringify(says))
  for (const [says, path] of bad) {
    const { error } = data.safeParse({ ...wish, ...says })
    t.ok(error?.issues.some((issue: { path: unknown[] }) => issue.path[0] === path), `${JSON.stringify(says)}: ${path}`)
  }
})

t.test('C-41 nobody gets by a vote what it may not do itself', async (t) => {
  const priority = { ...wish, type: 'priority_change' as const, effect: { priority: 'HIGH' as const } }
  const put = { type: 'priority_change' as const, effect: { priority: 'HIGH' as const }, task: work as never }
  scene(t).by(orchestrator(a)).when('open', { ...priority, taskId: work }).yields(...asking(opened({ ...put, concerns: a as never })))
  scene(t).by(orchestrator(b)).when('open', { ...priority, taskId: work }).refuses('FORBIDDEN')
  scene(t).by(orchestrator(a)).when('open', priority).refuses('TASK_REQUIRED')
  const capacity = { ...wish, type: 'resource_allocation' as const, effect: allotted }
  const asked = { type: 'resource_allocation' as const, effect: allotted }
  scene(t).by(orchestrator(c)).when('open', capacity).yields(...asking(on(opened({ ...asked, concerns: c as never }), {})))
  scene(t).by(orchestrator(a)).when('open', capacity).refuses('FORBIDDEN')
  const strange = { ...allotted, orchestrator: uuid(77) } as Effect
  scene(t).by(admin).when('open', { ...capacity, effect: strange }).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: uuid(77) })
  const about = { ...wish, effect: { conflict: dispute, resolve: split } }
  scene(t).by(orchestrator(b)).when('open', about).yields(...asking(opened({ effect: about.effect, concerns: b as never })))
  scene(t).by(orchestrator(c)).when('open', about).refuses('FORBIDDEN')
  const over = Conflict.ConflictDismissed({ orchestrators: [a, b] as never, reason: 'no', held: [] })
  scene(t).seeing(conflictState, dispute, disputed, over).when('open', about).refuses('CONFLICT_UNKNOWN', { conflict: dispute })
  const elsewhere = on(Orchestrator.OrchestratorRegistered(registered.data), { organization: 'other' })
  scene(t).seeing(orchestratorState, b, elsewhere).when('open', about).refuses('CONFLICT_UNKNOWN')
})

t.test('C-40 who decides a conflict, if nobody else is named, is those that it is among', async (t) => {
  const effect = { conflict: dispute, resolve: split }
  scene(t).by(admin).when('open', { ...wish, electorate: undefined, effect })
    .yields(...asking(opened({ electorate: [seat(a), seat(b)], effect })))
  scene(t).by(admin).when('open', { ...wish, electorate: undefined, effect: { ...effect, conflict: uuid(51) } }).refuses('CONFLICT_UNKNOWN')
})

const sure = 'no vote still to come can change it'
const consequence = (effect: Consequence) =>
  Decision.DecisionApproved(ended(tally(3, 0, 0, true), sure, { decidedBy: { elector: c, revision: '3' }, effect }))
const cheers = (tallies: readonly ReturnType<typeof tally>[] = [tally(1, 0, 0, false), tally(2, 0, 0, false)]) =>
  tallies.map((sums, index) => cast(electors[index]!, 'APPROVE', sums))

t.test('C-40 an approval says what follows from it, another end nothing', async (t) => {
  const third = cast(c, 'APPROVE', tally(3, 0, 0, true))
  const approving = (effect: Effect, follows: Consequence) =>
    scene(t, opened({ effect }), ...cheers()).by(orchestrator(c)).when('cast', { vote: 'APPROVE' })
      .yields(third, consequence(follows), turnout([a, b, c]))
  approving(allotted, allotted as Consequence)
  approving({ priority: 'LOW' }, { priority: 'LOW' })
  const resolution = { parts: 2, decision: uuid(1), option: null }
  approving({ conflict: dispute, resolve: split }, { conflict: dispute, strategy: 'split', resolution })
  const ranked = { protocol: 'schulze' as const, options: options.map((one) => ({ ...one })), effect: { conflict: dispute } }
  scene(t, opened({ ...ranked, electorate: [seat(a), seat(b)] })).by(orchestrator(a)).when('cast', { ranking: ['y'] })
    .yields(cast(a, null, tally2(1), { ranking: ['y'] }))
  scene(t, opened({ ...ranked, electorate: [seat(a)] })).by(orchestrator(a)).when('cast', { ranking: ['y'] }).yields(
    cast(a, null, tally2(1, 1), { ranking: ['y'] }),
    Decision.DecisionApproved(ended(tally2(1, 1), 'all have voted', {
      missing: [], decidedBy: { elector: a, revision: '1' }, option: 'y', strengths: { x: { y: '0' }, y: { x: '1' } },
      effect: { conflict: dispute, strategy: 'first', resolution: { decision: uuid(1), option: 'y' } },
    })),
    turnout([a]),
  )
  const rejected = Decision.DecisionRejected(ended(tally(0, 1, 0, false), 'a vetoer rejects', { decidedBy: { elector: a, revision: '1' } }))
  scene(t, opened({ effect: allotted, vetoers: [a] })).by(orchestrator(a)).when('cast', { vote: 'REJECT' })
    .yields(cast(a, 'REJECT', tally(0, 1, 0, false)), rejected, turnout([a]))
})

/** So many rankings of two electors. */
const tally2 = (cast: number, electors = 2) => ({
  electors, cast, approvals: 0, rejections: 0, abstentions: 0, quorumMet: true,
  weights: { all: String(electors), approve: '0', reject: '0', abstain: '0', cast: String(cast) },
})

const approved = [opened({ effect: allotted }), ...cheers(), cast(c, 'APPROVE', tally(3, 0, 0, true)), consequence(allotted as Consequence)]
const outcome = (code: string | null, changed = true) => ({ outcome: { changed, revision: code ? null : '7', code, detail: {} } })
const applied = Decision.EffectApplied({ revision: '7', changed: true, concerns: a })
const failed = Decision.EffectFailed({ code: 'NOT_FOUND', detail: {}, concerns: a })
const retried = Decision.EffectRetried({ task: null, effect: allotted as Consequence, concerns: a })

t.test('C-42 a decision hears once whether its effect could be done, and a success after a failure', async (t) => {
  const told = (...facts: readonly DecisionEvent[]) => scene(t, ...approved, ...facts).by(system)
  told().when('reportEffect', outcome(null)).yields(applied)
  told().when('reportEffect', outcome('NOT_FOUND')).yields(failed)
  told(failed).when('reportEffect', outcome('NOT_FOUND')).changesNothing()
  told(failed).when('reportEffect', outcome(null)).yields(applied)
  told(applied).when('reportEffect', outcome('NOT_FOUND')).changesNothing()
  told(failed, retried).when('reportEffect', outcome('NOT_FOUND')).yields(failed)
  scene(t, opened()).by(system).when('reportEffect', outcome(null)).changesNothing()
  scene(t).by(system).when('reportEffect', outcome(null)).changesNothing()
})

t.test('C-9 C-42 an admin has tried again what could not be done', async (t) => {
  const told = (...facts: readonly DecisionEvent[]) => scene(t, ...approved, ...facts)
  told(failed).by(admin).when('applyEffect', {}).yields(retried)
  for (const facts of [[], [applied], [failed, retried]]) told(...facts).by(admin).when('applyEffect', {}).changesNothing()
  for (const by of [tool, orchestrator(a)]) told(failed).by(by).when('applyEffect', {}).refuses('FORBIDDEN')
  scene(t, opened()).by(admin).when('applyEffect', {}).refuses('INVALID_STATE_TRANSITION', { status: 'pending' })
  scene(t).by(admin).when('applyEffect', {}).refuses('NOT_FOUND')
})
