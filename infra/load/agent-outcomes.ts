/**
 * A log of what agents did, read as outcomes in the order of the file: what becomes of their reliability (F-71) and circuits (F-72).
 * `node infra/load/agent-outcomes.ts <folder with gastown-events.csv.gz>`. Whoever an item was assigned to last holds it: emptied it went
 * badly, closed well, unless the note says that it was burned, nuked or orphaned.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { judged, reliabilityOf } from 'shared-domain/fleet/agent/outcomes.ts'
import { agentState, type Known } from 'shared-domain/fleet/agent/state.ts'
import { Agent } from 'shared-domain/fleet/agent/events.ts'

const [folder = '.'] = process.argv.slice(2)
const rows: readonly Record<string, string>[] = parse(gunzipSync(readFileSync(join(folder, 'gastown-events.csv.gz'))), { columns: true })

const meta = { by: { kind: 'process', id: 'bench' }, organization: 'acme', commandId: '', revision: 0, position: '0' } as const
const registered = 0.9
const newcomer = (name: string) => agentState.evolve(agentState.initial, Agent.AgentRegistered({
  name, description: null, orchestrator: null, capabilities: [], maxConcurrent: 1, reliability: registered, tags: [],
}), { ...meta, at: '' }) as Known

const holders = new Map<string, string>()
const agents = new Map<string, { state: Known; openings: number }>()

function record(name: string, success: boolean, ts: string) {
  const at = new Date(ts).toISOString()
  const known = agents.get(name) ?? { state: newcomer(name), openings: 0 }
  const { breaker } = known.state
  const state: Known = breaker.is === 'OPEN' && at >= breaker.until ? { ...known.state, breaker: { is: 'HALF_OPEN' } } : known.state
  const { badInRow, facts } = judged(state, success, at)
  const counted: Known = { ...state, badInRow, good: state.good + (success ? 1 : 0), bad: state.bad + (success ? 0 : 1) }
  const after = facts.reduce((before, fact) => agentState.evolve(before, fact, { ...meta, at }) as Known, counted)
  agents.set(name, { state: after, openings: known.openings + facts.filter(({ type }) => type === 'AgentCircuitOpened').length })
}

for (const { ts, task_id: task, event_type: type, new_assignee: assignee, assignee_set: isSet, note } of rows as readonly any[]) {
  const holder = holders.get(task)
  if (type === 'closed') {
    if (holder !== undefined) record(holder, !/^(burned|nuked|orphaned)/i.test(note), ts)
    holders.delete(task)
  } else if (isSet === '1') {
    if (assignee === '' && holder !== undefined) record(holder, false, ts)
    if (assignee === '') holders.delete(task)
    else holders.set(task, assignee)
  }
}

const all = [...agents].map(([name, { state: { good, bad }, openings }]) => ({ name, good, bad, openings, reliability: reliabilityOf(registered, good, bad) }))
const sum = (key: 'good' | 'bad' | 'openings') => all.reduce((total, one) => total + one[key], 0)
console.table(all.sort((a, b) => b.good + b.bad - a.good - a.bad))
console.log(`${sum('good')} good of ${sum('good') + sum('bad')}, ${all.length} agents, ${sum('openings')} openings`)
