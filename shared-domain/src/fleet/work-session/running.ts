import { z } from 'zod'
import { elapsed_ms } from '../../kernel/time.ts'
import { text } from '../../vocabulary.ts'
import { Metrics, Pid, WorkSession } from './events.ts'
import { open, room, unfit } from './guards.ts'
import { turnedInto } from './older-words.ts'

export const running = room({
  start: {
    about: 'Say that the program runs.',
    aliases: [turnedInto('running')],
    scope: 'execute',
    data: z.object({ pid: Pid.optional() }),
    decide: (state, { pid = null }, context) => open(state, 'start', context, (session) => {
      if (session.status === 'PAUSED') return unfit(session, 'start')
      return session.status === 'RUNNING' ? [] : [WorkSession.WorkSessionStarted({ orchestrator: session.orchestrator, pid })]
    }),
  },

  pause: {
    about: 'Let the program stand still. Its daemon does so within five seconds, and keeps the lease.',
    aliases: [turnedInto('paused')],
    data: z.object({ reason: text(500).optional() }),
    decide: (state, { reason = null }, context) => open(state, 'pause', context, (session) => {
      if (session.status === 'SPAWNED') return unfit(session, 'pause')
      return session.status === 'PAUSED' ? [] : [WorkSession.WorkSessionPaused({ orchestrator: session.orchestrator, reason })]
    }),
  },

  resume: {
    about: 'Let the program go on.',
    data: z.object({}),
    decide: (state, _, context) => open(state, 'resume', context, (session) => {
      if (session.status === 'SPAWNED') return unfit(session, 'resume')
      if (session.status !== 'PAUSED') return []
      const paused_ms = Math.max(0, elapsed_ms(session.since, context.at))
      return [WorkSession.WorkSessionResumed({ orchestrator: session.orchestrator, paused_ms })]
    }),
  },

  output: {
    about: 'Tell what the program printed, in its order. It is no fact; the newest 64 are kept for a week.',
    scope: 'execute',
    data: z.object({ text: z.string().min(1).max(16_384) }),
    signal: { keep: 64, keep_days: 7 },
    decide: (state, _, context) => open(state, 'output', context, () => []),
  },

  metrics: {
    about: 'Tell what the program has used so far. It is no fact.',
    scope: 'execute',
    data: z.object({ metrics: Metrics }),
    signal: { keep: 1, keep_days: 7 },
    decide: (state, _, context) => open(state, 'metrics', context, () => []),
  },
})
