import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { idNamed } from '../../kernel/name-id.ts'
import { system, uuid } from '../../kernel/testing.ts'
import { World } from '../../kernel/world.ts'
import { agent } from './decider.ts'
import { Agent } from './events.ts'
import { reliabilityOf } from './outcomes.ts'
import { agentState, type Known } from './state.ts'

/** What agents of a real fleet had, gave back and closed, in the order of the file. */
const events = new URL('../../../../infra/journeys/data/agent-fleet-outcomes.csv.gz', import.meta.url)
const rows = gunzipSync(readFileSync(events)).toString().trim().split('\n').slice(1).map((line) => {
  const [ts, task, type, assignee, isSet, note] = line.split(',') as [string, string, string, string, string, string]
  return { at: new Date(ts).toISOString(), task, isClosed: type === 'closed', assignee, isSet: isSet === '1', note }
})

/** Whoever a task was assigned to last has it: given back it went badly, closed well, unless the note says that it was given up. */
function* outcomes() {
  const holders = new Map<string, string>()
  for (const { at, task, isClosed, assignee, isSet, note } of rows) {
    const holder = holders.get(task)
    if (!isClosed && !isSet) continue
    if (isClosed || assignee === '') holders.delete(task)
    else holders.set(task, assignee)
    if (holder !== undefined && (isClosed || assignee === ''))
      yield { at, name: holder, success: isClosed && !/^(burned|nuked|orphaned)/i.test(note) }
  }
}

t.test('F-71 F-72 measured on a real fleet: the reliability and the circuits of 19 agents after 221 outcomes', async (t) => {
  const world = new World([agent])
  const names = new Set<string>()
  let count = 0
  for (const { at, name, success } of outcomes()) {
    world.at = at
    const id = idNamed(name)
    if (!names.has(name)) world.do({ category: 'agent', id, command: 'register', data: { name } })
    names.add(name)
    const taking = { task: uuid(1) as never, slot: uuid(1_000 + count++) as never }
    // Whatever the circuit was by then, the slot had been taken before.
    const taken = Agent.AgentSlotReserved({ orchestrator: null, ...taking, session: null, skills: [], current: 1, max: 1 })
    world.append(agent, id, [taken], world.contextOf({ id }))
    world.do({ category: 'agent', id, command: 'settle', data: { ...taking, success }, by: system })
  }
  const known = [...names].map((name) => ({ name, ...(world.look(agentState, idNamed(name)) as Known) }))
  const sum = (of: (one: Known) => number) => known.reduce((total, one) => total + of(one), 0)
  t.strictSame([sum(({ good }) => good), sum(({ good, bad }) => good + bad), known.length], [136, 221, 19])
  const opened = (name?: string) =>
    world.log.filter(({ type, id }) => type === 'AgentCircuitOpened' && (name === undefined || id === idNamed(name))).length
  const nux = known.find(({ name }) => name.endsWith('/nux'))!
  const { good, bad, profile: { reliability } } = nux
  t.strictSame([good, bad, reliabilityOf(reliability, good, bad)], [25, 18, 0.6415])
  t.strictSame([opened(nux.name), opened()], [6, 12])
})
