import type { Test } from 'tap'
import { behaviour, now, orchestrator, subject, uuid } from '../../kernel/testing.ts'
import type { Actor } from '../../kernel/fact.ts'
import { later } from '../../kernel/time.ts'
import { registered as orchestratorRegistered } from '../../work/task/scene.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { daemon } from './decider.ts'
import { Daemon, type DaemonEvent } from './events.ts'

export const [owner, stranger, first, second] = [11, 12, 62, 63].map(uuid) as [string, string, string, string]
export const itself: Actor = { kind: 'daemon', id: subject }

type Data<Type extends DaemonEvent['type']> = Partial<Parameters<(typeof Daemon)[Type]>[0]>

export const said = { instance: first, version: '1.4.0', host: 'quay.example', capabilities: ['typescript'], programs: ['agent'] }

export const registered = Daemon.DaemonRegistered({ orchestrator: owner, name: 'quay', maxSessions: 10 })
export const connected = (over: Data<'DaemonConnected'> = {}) =>
  Daemon.DaemonConnected({ orchestrator: owner, ...said, maxSessions: 10, replaces: null, ...over })
export const lost = (over: Data<'DaemonBecameUnhealthy'> = {}) =>
  Daemon.DaemonBecameUnhealthy({ orchestrator: owner, instance: first, lastSeen: now, from: 'RUNNING', ...over })
export const back = (over: Data<'DaemonRecovered'> = {}) =>
  Daemon.DaemonRecovered({ orchestrator: owner, instance: first, to: 'RUNNING', silent_ms: 95_000, ...over })
export const draining = (within_ms: number, reason: string | null = null) =>
  Daemon.DaemonDraining({ orchestrator: owner, deadline: later(now, within_ms), reason })
export const stopped = (over: Data<'DaemonStopped'> = {}) =>
  Daemon.DaemonStopped({ orchestrator: owner, instance: first, cause: 'disconnected', ...over })
export const retired = Daemon.DaemonRetired({ orchestrator: owner, reason: null })

/** Of a daemon that has come so far, as its orchestrator asks. */
export const given = (t: Test, ...facts: readonly DaemonEvent[]) =>
  behaviour(t, daemon).given(...facts).seeing(orchestratorState, owner, orchestratorRegistered).by(orchestrator(owner))
