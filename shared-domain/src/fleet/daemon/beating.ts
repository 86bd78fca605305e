import { z } from 'zod'
import type { Answers } from '../../kernel/decider.ts'
import { Int64, StoredInstant } from '../../vocabulary.ts'
import { Beat, MaxSessions, Status } from './events.ts'
import { own, replaced, room, unfit } from './guards.ts'
import { acknowledging, heartbeat } from './older-words.ts'
import { isOpen, type DaemonState, type Known } from './state.ts'

/** What a daemon should know of itself as others see it. */
const answers: Answers<DaemonState> = {
  fields: z.object({ state: Status, deadline: StoredInstant.nullable(), maxSessions: MaxSessions }),
  of(daemon) {
    const { status: state, deadline, maxSessions } = daemon as Known
    return { state, deadline, maxSessions }
  },
}

export const beating = room({
  beat: {
    about: 'Show that the instance is alive; due every 30 seconds. It is no fact: what becomes of a silence is.',
    aliases: [heartbeat],
    scope: 'execute',
    data: Beat,
    measures: ['acknowledged'],
    signal: { keep: 1, highest: 'acknowledged' },
    answers,
    decide: (state, { instance }, context) => own(state, context, (daemon) =>
      replaced(daemon, instance) ?? (isOpen(daemon) ? [] : unfit(daemon, 'beat'))),
  },

  acknowledge: {
    about: 'Say up to where in the log it has seen what concerns it. It is no fact.',
    aliases: [acknowledging],
    scope: 'execute',
    data: z.object({ position: Int64 }),
    measures: ['position'],
    signal: { keep: 1, highest: 'position' },
    decide: (state, _, context) => own(state, context, () => []),
  },
})
