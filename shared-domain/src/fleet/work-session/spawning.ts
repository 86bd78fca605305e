import { z } from 'zod'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { mayActAs, reject, type Context, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { later, minute_ms, second_ms } from '../../kernel/time.ts'
import { CommandId, type OrchestratorId } from '../../vocabulary.ts'
import { taskState } from '../../work/task/state.ts'
import { monthOf } from '../budget/windows.ts'
import { charterState, documentOf } from '../charter/state.ts'
import { daemonState } from '../daemon/state.ts'
import { ledger } from '../ledger/decider.ts'
import { ledgerOf } from '../ledger/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { Wanted, WorkSession } from './events.ts'
import { room, type Decision } from './guards.ts'
import { spawnedAs } from './older-words.ts'
import type { WorkSessionState } from './state.ts'

const { shape } = Wanted
const Wish = Wanted.extend({
  memoryProfile: shape.memoryProfile.default(null), timeout_s: shape.timeout_s.default(3_600), tokens: shape.tokens.default(0),
})
type Wish = z.output<typeof Wish>

/** What is set aside lasts for a while longer than the program may. */
const grace_s = 300

/** Of the organization and of the orchestrator, under the name of the command. */
function setAside({ daemon, timeout_s, tokens }: Wish, { at, commandId, organization, look }: Context): readonly Hold[] {
  const known = look(daemonState, daemon)
  if (tokens === 0 || known.status === 'UNKNOWN') return []
  const reservation = CommandId.parse(commandId)
  const until = later(at, (timeout_s + grace_s) * second_ms)
  return [organization, known.orchestrator].map((holder) => {
    const id = ledgerOf(holder, monthOf(at))
    return {
      take: send(ledger, id, 'hold', { reservation, tokens, cost: 0, at, until }),
      giveBack: () => send(ledger, id, 'letGo', { reservation }),
      within_ms: minute_ms,
    }
  })
}

/** How many tokens the charter of the orchestrator lets a session have; nothing is looked up of whom it is known that there is none. */
function allowed(orchestrator: OrchestratorId, { look }: Context): number {
  const known = look(orchestratorState, orchestrator)
  if (known.stage === 'unknown' || known.guarded.charterVersion === null) return Infinity
  return documentOf(look(charterState, orchestrator)).limits?.tokensPerSession ?? Infinity
}

function spawn(state: WorkSessionState, wanted: Wish, context: Context): Decision {
  const { id, at, commandId, organization, look } = context
  const { daemon, task, token, tokens } = wanted
  const server = look(daemonState, daemon)
  if (server.status === 'UNKNOWN' || server.organization !== organization) return reject('DAEMON_UNAVAILABLE', { daemon })
  const { orchestrator, connection, status } = server
  if (!mayActAs(context, orchestrator)) return reject('FORBIDDEN')
  if (state.status !== 'UNKNOWN') return canonicalJson(state.wanted) === canonicalJson(wanted) ? [] : reject('ALREADY_EXISTS')
  const known = look(taskState, task)
  const lease = known.status === 'IN_PROGRESS' && known.organization === organization ? known.lease : null
  const isCurrent = lease !== null && lease.token === token && lease.slot === id && lease.holder === orchestrator
  if (!isCurrent) return reject('STALE_LEASE')
  if (status !== 'RUNNING') return reject('DAEMON_UNAVAILABLE', { daemon, status })
  const tokensPerSession = allowed(orchestrator, context)
  if (tokens > tokensPerSession) return reject('CHARTER_DENIED', { rule: { list: 'tokensPerSession', pattern: String(tokensPerSession) } })
  const reserved = tokens === 0 ? { ledger: null, reservation: null } : { ledger: monthOf(at), reservation: CommandId.parse(commandId) }
  return [WorkSession.WorkSessionSpawned({ orchestrator, ...wanted, instance: connection!.instance, agent: lease.agent, ...reserved })]
}

export const spawning = room({
  spawn: {
    about: 'Begin a run of a program for a task under a lease. Its id is the slot of that lease, so there is one a lease.',
    aliases: [spawnedAs],
    creates: true,
    scope: 'execute',
    gated: 'spawn',
    data: Wish,
    holds: (_, wanted, context) => setAside(wanted, context),
    decide: spawn,
  },
})
