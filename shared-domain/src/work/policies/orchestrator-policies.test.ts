import t from 'tap'
import { federation, type Peer } from './orchestrator-policies.ts'

const peer: Peer = { discipline: 'general', capabilities: ['a', 'b', 'c'], tier: 1, status: 'ONLINE', active: 1, reserved: 0, max: 5 }
const task = { priority: 'HIGH' as const, tags: ['General '], requiredCapabilities: ['A', 'b', 'c'] }

t.test('W-24 federation/1 counts discipline, skills, tier, load, presence and priority', (t) => {
  t.equal(federation(peer, task), 89, 'the example')
  t.equal(federation(peer, { ...task, tags: ['x'] }), 69)
  t.equal(federation(peer, { ...task, tags: ['x', 'C'] }), 89, 'a capability is as good as the discipline')
  t.equal(federation(peer, { ...task, requiredCapabilities: [] }), 69, 'what nobody requires counts nothing')
  t.equal(federation(peer, { ...task, requiredCapabilities: ['a', 'x', 'y'] }), 75.6667)
  t.equal(federation({ ...peer, status: 'BUSY' }, task), 79)
  t.equal(federation({ ...peer, tier: 3 }, task), 93)
  t.equal(federation({ ...peer, reserved: 9 }, task), 65, 'the load is at most all of it')
  t.equal(federation({ ...peer, active: 0, max: 0 }, task), 65, 'and of nothing everything is taken')
  t.equal(federation({ ...peer, capabilities: ['a', 'b', 'c', 'd', 'e', 'f'] }, task), 93, 'at most ten for capabilities')
  t.equal(federation(peer, { ...task, priority: 'LOW' }), 82)
  t.end()
})
