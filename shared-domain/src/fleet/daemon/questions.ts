import { z } from 'zod'
import { streamOf } from '../../kernel/decider.ts'
import { columnsIn, countsOf, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { higher, signals } from '../../kernel/signal.ts'
import { elapsed_ms, second_ms } from '../../kernel/time.ts'
import { timeline } from '../../overview/timeline.ts'
import { Id, Int64, StoredInstant } from '../../vocabulary.ts'
import { openStatuses } from '../work-session/events.ts'
import { workSessions } from '../work-session/work-sessions.ts'
import { daemons } from './daemons.ts'
import { Beat, Status } from './events.ts'
import { daemonState } from './state.ts'

const params = z.object({ daemon: Id })

/** One beat is due each time. */
const beat_ms = 30 * second_ms

const Told = z.object({ at: StoredInstant, status: Beat.shape.status, sessions: Beat.shape.sessions, queued: Beat.shape.queued })

/** What was told by a daemon under these names. */
const toldBy = (daemon: string, ...names: readonly string[]) => rowsOf(signals, {
  columns: ['name', 'at', 'said'], where: { stream: streamOf(daemonState, daemon), name: names }, limit: names.length,
})

export const daemonHealth = question({
  name: 'daemonHealth',
  about: 'Whether a daemon is well: what it said last, and how long it has been silent since.',
  path: '/daemons/:daemon/health',
  params,
  answer: z.object({
    status: Status,
    lastSignal: Told.nullable(),
    silent_ms: z.int().nullable().describe('Since it was heard, or connected; null of one that never was.'),
    missed: z.int().describe('Beats that were due and did not come.'),
    sessions: z.int().describe('That are open.'),
  }),
  reads: [daemons, workSessions, signals],
  *reply({ params: { daemon }, at }) {
    const { own: [own], told: [told], open: [open] } = yield* asks({
      own: rowsOf(daemons, { columns: columnsIn(daemons.row), where: { daemon }, limit: 1 }), told: toldBy(daemon, 'beat'),
      open: countsOf(workSessions, { columns: [], where: { daemon, status: openStatuses }, limit: 1 }),
    })
    if (!own) return undefined
    const lastSignal = told === undefined ? null : Told.parse({ ...told.said, at: told.at })
    const heard = [own.last_seen, lastSignal?.at ?? null].reduce((a, b) => (a === null || (b !== null && b > a) ? b : a))
    const silent_ms = heard === null ? null : Math.max(0, elapsed_ms(heard, at))
    const missed = Math.max(0, Math.floor((silent_ms ?? 0) / beat_ms) - 1)
    return { status: own.status, lastSignal, silent_ms, missed, sessions: open?.count ?? 0 }
  },
})

const events_max = 200

/** Facts that stand at one place of the log come together, or on the next page. */
function whole<Row extends { readonly log_position: string }>(rows: readonly Row[]): readonly Row[] {
  const last = rows.at(-1)?.log_position
  const others = rows.filter(({ log_position }) => log_position !== last)
  return rows.length < events_max || others.length === 0 ? rows : others
}

export const daemonEvents = question({
  name: 'daemonEvents',
  about: 'The facts that concern the orchestrator of a daemon, in the order of the log: behind the position, or behind what the daemon '
    + 'has acknowledged. For daemons that do not follow announcements.',
  path: '/daemons/:daemon/events',
  params,
  query: z.object({ after: Int64.optional() }),
  answer: z.object({ events: z.array(timeline.row) }),
  reads: [daemons, timeline, signals],
  statements_max: 2,
  aliases: [{
    route: 'GET /daemon/events', about: 'Of the daemon whose key it is.', caller: { kind: 'daemon', as: 'daemon' },
    fields: { since: 'after' },
  }],
  *reply({ params: { daemon }, query: { after } }) {
    const from = after ?? (yield* acknowledgedBy(daemon))
    const ofDaemon = { columns: ['orchestrator'], where: { daemon }, limit: 1 } as const
    const { own, rows } = yield* asks({
      own: rowsOf(daemons, ofDaemon),
      rows: rowsOf(timeline, {
        columns: columnsIn(timeline.row), among: { recipient: rowsOf(daemons, ofDaemon) }, order: ['log_position'],
        ...(from === undefined ? {} : { atLeast: { log_position: String(BigInt(from) + 1n) } }), limit: events_max,
      }),
    })
    return own.length === 0 ? undefined : { events: [...whole(rows)] }
  },
})

function* acknowledgedBy(daemon: string) {
  const { told } = yield* asks({
    own: rowsOf(daemons, { columns: ['orchestrator'], where: { daemon }, limit: 1 }), told: toldBy(daemon, 'beat', 'acknowledge'),
  })
  const known = told.flatMap(({ said: { acknowledged, position } }) => (acknowledged ?? position) as string | undefined ?? [])
  return known.length === 0 ? undefined : known.reduce(higher)
}
