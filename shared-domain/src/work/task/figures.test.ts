import t from 'tap'
import { replay, now, on, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import type { TaskEvent } from './events.ts'
import {
  assigned, cancelled, created, delegated, expired, failed, handedOff, lease, other, owner, released, running, scene, started, token, work,
} from './scene.ts'
import { taskState, workOf, type Known } from './state.ts'

t.test('P-5 facts about the work say how long nobody worked on it, how often it failed and moved', async (t) => {
  const at = (hours: number) => later(now, hours * hour_ms)
  const history = [
    created({ requiredCapabilities: ['writing', 'layout'], dueAt: at(9), priority: 'HIGH' }),
    on(started(), { at: at(1) }), on(failed(0), { at: at(3) }),
    on(delegated(other, owner, { priority: 'HIGH', dueAt: at(9) }), { at: at(4) }),
    on(started({ owner: other }), { at: at(5) }), on(handedOff({ owner: other, to: owner, lease: lease('4') }), { at: at(6) }),
  ]
  const known = { priority: 'HIGH' as const, dueAt: at(9), skill: 'writing' }
  const after = (count: number, hours: number) => workOf(replay(taskState, history.slice(0, count)) as Known, at(hours))
  t.strictSame(after(1, 1), work({ ...known, wait_ms: hour_ms }))
  t.strictSame(after(2, 3), work({ ...known, wait_ms: hour_ms }))
  t.strictSame(after(3, 4), work({ ...known, wait_ms: 2 * hour_ms, failures: 1 }))
  t.strictSame(after(5, 6), work({ ...known, wait_ms: 3 * hour_ms, failures: 1, moves: 1 }))
  t.strictSame(after(6, 8), work({ ...known, wait_ms: 5 * hour_ms, failures: 1, moves: 2 }))
  scene(t)(...running).at(at(2)).when('release', { token }).yields(released({ work: work() }))
})

t.test('F-73 the end of a lease ends the assignment of the agent that worked, unless its place is kept', async (t) => {
  const [agent, place] = [uuid(41), uuid(42)]
  const held = (kept: boolean) => ({ agent, slot: place, kept })
  const given = (kept: boolean) => assigned(`agent:${agent}`, { agentSlot: held(kept) })
  const begun = started({ agent })
  const ends: readonly [fact: (kept: boolean) => TaskEvent, before: readonly TaskEvent[]][] = [
    [(kept) => released({ lease: lease('2', { agent } as object), agentSlot: held(kept) }), [begun]],
    [(kept) => expired({ lease: lease('2', { agent } as object), agentSlot: held(kept) }), [begun]],
    [(kept) => cancelled({ agentSlot: held(kept) }), []],
  ]
  for (const [end, before] of ends) for (const kept of [true, false]) {
    const { assignee, agentSlot } = replay(taskState, [created(), given(kept), ...before, end(kept)]) as Known
    const still = { assignee: `agent:${agent}`, agentSlot: held(true) }
    t.strictSame({ assignee, agentSlot }, kept ? still : { assignee: null, agentSlot: null })
  }
  const scenes = scene(t)
  scenes(created(), given(false), begun).when('release', { token: '2' })
    .yields(released({ lease: lease('2', { agent } as object), agentSlot: held(false) }))
  scenes(created(), given(false)).when('cancel', {}).yields(cancelled({ agentSlot: held(false) }))
})
