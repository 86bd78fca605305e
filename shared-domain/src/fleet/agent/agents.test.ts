import t, { type Test } from 'tap'
import { picture } from '../../kernel/picture.ts'
import { admin, now, subject, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { agents } from './agents.ts'
import { open_ms } from './outcomes.ts'
import { skill, staffed } from './scene.ts'

const taking = (n: number) => ({ task: uuid(20 + n), slot: uuid(920 + n) })
const row = {
  agent: subject, name: 'Agent 1', description: null, orchestrator: null, tags: ['pool'], capabilities: [skill('sql')], max_concurrent: 2,
  registered_reliability: 0.9, standing: 'IDLE' as const, since: now, current: 0, good: 0, bad: 0, bad_in_row: 0,
  breaker: 'CLOSED' as const,
  breaker_until: null, version: null, supervisor: null, last_slot_at: null, status: 'IDLE' as const,
  reliability: 0.9, skills: ['sql'], load: 0,
}

function scene(t: Test) {
  const { world, tell } = staffed([1], { maxConcurrent: 2, tags: ['pool'], capabilities: [{ skill: 'sql' }] })
  const shows = (more: object = {}) => picture(t, agents).after(...world.log).shows({ ...row, ...more })
  return { world, tell: (command: string, data: unknown) => tell(1, command, data), shows }
}

t.test('F-10 F-11 F-12 F-13 the read model shows what is known of an agent', async (t) => {
  const { world, tell, shows } = scene(t)
  shows()
  world.pass(1_000)
  tell('setStatus', { status: 'ACTIVE' })
  const active = { standing: 'ACTIVE', status: 'ACTIVE', since: later(now, 1_000) }
  shows(active)
  tell('publishVersion', { version: '1.0', manifest: {} })
  world.do({ category: 'agent', id: uuid(2), command: 'register', data: { name: 'Agent 2' }, by: admin })
  tell('setSupervisor', { agent: uuid(2) })
  world.log.splice(world.log.findIndex(({ id }) => id === uuid(2)), 1)
  shows({ ...active, version: '1.0', supervisor: uuid(2) })
  tell('update', { name: 'Pilot', description: 'Flies.', tags: [], capabilities: [{ skill: 'go' }], reliability: 0.5 })
  const pilot = {
    name: 'Pilot', description: 'Flies.', tags: [], capabilities: [skill('go')], skills: ['go'],
    registered_reliability: 0.5, reliability: 0.5,
    version: '1.0', supervisor: uuid(2),
  }
  shows({ ...active, ...pilot })
  tell('retire', {})
  shows({ ...active, ...pilot, standing: 'RETIRED', status: 'RETIRED' })
})

t.test('F-70 who is idle or active shows as overloaded while every slot is taken', async (t) => {
  const { tell, shows } = scene(t)
  tell('reserve', taking(1))
  shows({ current: 1, load: 0.5, last_slot_at: now })
  tell('reserve', taking(2))
  const full = { current: 2, load: 1, last_slot_at: now }
  shows({ ...full, status: 'OVERLOADED' })
  tell('setStatus', { status: 'OFFLINE' })
  shows({ ...full, standing: 'OFFLINE', status: 'OFFLINE' })
  tell('setStatus', { status: 'IDLE' })
  tell('update', { maxConcurrent: 3 })
  shows({ ...full, max_concurrent: 3, load: 2 / 3 })
  tell('release', { ...taking(1), reason: 'ended' })
  shows({ max_concurrent: 3, current: 1, load: 1 / 3, last_slot_at: now })
})

t.test('F-71 F-72 outcomes show in measures, reliability and circuit', async (t) => {
  const { world, tell, shows } = scene(t)
  const settle = (n: number, success: boolean) => {
    tell('reserve', { ...taking(n), skills: ['sql'] })
    tell('settle', { ...taking(n), success, latency_ms: 800 })
  }
  settle(1, true)
  const good = { capabilities: [skill('sql', { successRate: 1, latency_ms: 800 })], good: 1, reliability: 0.9091, last_slot_at: now }
  shows(good)
  for (const n of [2, 3, 4]) settle(n, false)
  const bad = {
    ...good, capabilities: [skill('sql', { successRate: 0.512, latency_ms: 800 })], bad: 3, bad_in_row: 3, reliability: 0.7143,
  }
  shows({ ...bad, breaker: 'OPEN', breaker_until: later(now, open_ms) })
  world.pass(open_ms)
  tell('halfOpen', {})
  shows({ ...bad, breaker: 'HALF_OPEN' })
  settle(5, true)
  shows({
    ...bad, capabilities: [skill('sql', { successRate: 0.6096, latency_ms: 800 })], good: 2, bad_in_row: 0, reliability: 0.7333,
    last_slot_at: later(now, open_ms),
  })
})
