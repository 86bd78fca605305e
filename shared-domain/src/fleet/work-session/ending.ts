import { z } from 'zod'
import type { Context } from '../../kernel/decider.ts'
import { text } from '../../vocabulary.ts'
import { ExitCode, Failure, Kind, Metrics, noMetrics, OutputDigest, OutputTail, WorkSession } from './events.ts'
import { open, room, unfit, type Decision } from './guards.ts'
import { turnedInto } from './older-words.ts'
import { isOpen, wordsOf, type Ended, type Open, type WorkSessionState } from './state.ts'

const Said = Metrics.prefault({})

/** What every end says of the session. */
const ended = ({ orchestrator, wanted: { task }, ledger, reservation }: Open) => ({ orchestrator, task, ledger, reservation })

/** The same end again changes nothing; another one is too late. */
const end = (
  state: WorkSessionState, command: string, status: Ended['status'], said: object, context: Context, decide: (session: Open) => Decision,
): Decision => open(state, command, context, decide,
  (session) => (session.status === status && session.words === wordsOf(said) ? [] : unfit(session, command)))

const unsaid = { exitCode: null, outputTail: null, outputDigest: null }

export const ending = room({
  complete: {
    about: 'Say that the program did what it was to do.',
    aliases: [turnedInto('completed')],
    scope: 'execute',
    data: z.object({ exitCode: ExitCode, metrics: Said, outputTail: OutputTail, outputDigest: OutputDigest }),
    decide: (state, said, context) => end(state, 'complete', 'COMPLETED', said, context,
      (session) => [WorkSession.WorkSessionCompleted({ ...ended(session), ...said })]),
  },

  fail: {
    about: 'Say that the program failed, and of what.',
    aliases: [turnedInto('failed')],
    scope: 'execute',
    data: z.object({
      exitCode: ExitCode.nullable().default(null), metrics: Said, outputTail: OutputTail.nullable().default(null),
      outputDigest: OutputDigest.nullable().default(null), error: Failure,
      kind: z.string().max(100).transform((said) => Kind.safeParse(said).data ?? 'unknown'),
    }),
    decide: (state, said, context) => end(state, 'fail', 'FAILED', said, context,
      (session) => [WorkSession.WorkSessionFailed({ ...ended(session), ...said })]),
  },

  terminate: {
    about: 'End it, whatever it does. Its daemon kills the program within five seconds.',
    aliases: [turnedInto('terminated')],
    data: z.object({ reason: text(500), metrics: Said }),
    decide: (state, said, context) => end(state, 'terminate', 'TERMINATED', said, context,
      (session) => [WorkSession.WorkSessionTerminated({ ...ended(session), ...said })]),
  },

  end: {
    about: 'Its lease has ended, and with it the session, unless it has ended already.',
    internal: true,
    data: z.object({ how: z.enum(['completed', 'failed', 'terminated']), kind: Kind.default('unknown'), why: Failure }),
    decide(state, { how, kind, why }) {
      if (state.status === 'UNKNOWN' || !isOpen(state)) return []
      const all = { ...ended(state), metrics: noMetrics }
      switch (how) {
        case 'completed': return [WorkSession.WorkSessionCompleted({ ...all, ...unsaid })]
        case 'failed': return [WorkSession.WorkSessionFailed({ ...all, ...unsaid, kind, error: why })]
        case 'terminated': return [WorkSession.WorkSessionTerminated({ ...all, reason: why })]
      }
    },
  },
})
