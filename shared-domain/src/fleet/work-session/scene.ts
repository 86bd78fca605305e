import type { Test } from 'tap'
import { behaviour, subject, uuid } from '../../kernel/testing.ts'
import { created, started } from '../../work/task/scene.ts'
import { taskState } from '../../work/task/state.ts'
import * as server from '../daemon/scene.ts'
import { daemonState } from '../daemon/state.ts'
import { workSession } from './decider.ts'
import { noMetrics, WorkSession, type WorkSessionEvent } from './events.ts'

export const { itself, owner, stranger } = server
export const [machine, task] = [71, 72].map(uuid) as [string, string]

type Data<Type extends WorkSessionEvent['type']> = Partial<Parameters<(typeof WorkSession)[Type]>[0]>

export const wish = { daemon: machine, task, token: '1', program: 'agent' }
export const spawned = (over: Data<'WorkSessionSpawned'> = {}) => WorkSession.WorkSessionSpawned({
  orchestrator: owner, ...wish, memoryProfile: null, timeout_s: 3_600, tokens: 0, instance: server.first, agent: null, ledger: null,
  reservation: null, ...over,
})
const ended = { orchestrator: owner, task, ledger: null, reservation: null, metrics: noMetrics }
export const printed = { exitCode: 0, outputTail: 'done', outputDigest: '0'.repeat(64) }
const unsaid = { exitCode: null, outputTail: null, outputDigest: null }
export const running = WorkSession.WorkSessionStarted({ orchestrator: owner, pid: 4711 })
export const paused = (reason: string | null = null) => WorkSession.WorkSessionPaused({ orchestrator: owner, reason })
export const resumed = (paused_ms: number) => WorkSession.WorkSessionResumed({ orchestrator: owner, paused_ms })
export const completed = (over: Data<'WorkSessionCompleted'> = {}) => WorkSession.WorkSessionCompleted({ ...ended, ...printed, ...over })
export const failed = (over: Data<'WorkSessionFailed'> = {}) =>
  WorkSession.WorkSessionFailed({ ...ended, ...unsaid, kind: 'exit', error: 'no', ...over })
export const terminated = (reason: string, over: Data<'WorkSessionTerminated'> = {}) =>
  WorkSession.WorkSessionTerminated({ ...ended, reason, ...over })

/** Of a session that has come so far, while its lease goes on and its daemon runs, as that asks. */
export const given = (t: Test, ...facts: readonly WorkSessionEvent[]) => behaviour(t, workSession).given(...facts)
  .seeing(daemonState, machine, server.registered, server.connected())
  .seeing(taskState, task, created(), started({ slot: subject }))
  .by(itself, owner)
