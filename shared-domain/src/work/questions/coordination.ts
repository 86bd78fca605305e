import { z } from 'zod'
import type { Condition } from '../../kernel/condition.ts'
import { columnsIn, countsOf, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { conflicts } from '../conflict/conflicts.ts'
import { compare } from '../policies/measures.ts'
import { collaborations } from '../task/collaborations.ts'
import { delegations } from '../task/delegations.ts'
import { escalations } from '../task/escalations.ts'
import { Days, daysOf } from './days.ts'

const Type = z.enum(['delegations', 'handoffs', 'collaborations', 'escalations', 'conflicts'])
type Type = z.output<typeof Type>

const [pairs_max, open_max, recent_max, kinds_max] = [200, 50, 50, 50]

const Count = z.int().min(0)
const Counts = z.record(z.string(), Count)
const Move = delegations.row.pick({
  task: true, revision: true, kind: true, from: true, to: true, at: true, state: true, depth: true, answer_by: true, finish_by: true,
})
const Helped = collaborations.row.pick({ task: true, collaborator: true, owner: true, state: true, asked_at: true })
const Escalated = escalations.row.pick({
  task: true, revision: true, owner: true, severity: true, to: true, level: true, state: true, at: true,
})
const Met = conflicts.row.pick({
  conflict: true, kind: true, subject: true, severity: true, orchestrators: true, state: true, detected_at: true,
})
/** Something that happened among orchestrators, and how it stands now. */
const Recent = z.object({ type: Type, id: z.string(), among: z.array(z.string()), state: z.string(), at: StoredInstant })
type Recent = z.output<typeof Recent>

const kindOf: Readonly<Record<'delegation' | 'handoff', Type>> = { delegation: 'delegations', handoff: 'handoffs' }
const openMoves = ['OFFERED', 'ACCEPTED', 'STARTED', 'FAILED']
const openEscalations = ['OPEN', 'ACKNOWLEDGED']

const newest = { descending: true } as const
const asMany = (isWanted: boolean, limit: number) => (isWanted ? limit : 0)

type Filter = { readonly [Column in string]?: unknown }

/** Where one orchestrator is asked for, it may stand in either column, and never in both. */
const sides = <Column extends string>(orchestrator: string | undefined, columns: readonly [Column, Column]): readonly [Filter, Filter?] =>
  (orchestrator === undefined ? [{}] : [{ [columns[0]]: orchestrator }, { [columns[1]]: orchestrator }])

const totals = (rows: readonly { readonly state: string; readonly count: number }[]) => {
  const counts: Record<string, number> = {}
  for (const { state, count } of rows) counts[state] = (counts[state] ?? 0) + count
  return counts
}

const moved = ({ kind, task, from, to, state, at }: z.output<typeof Move>): Recent =>
  ({ type: kindOf[kind], id: task, among: [from, to], state, at })
const helped = ({ task, owner, collaborator, state, asked_at: at }: z.output<typeof Helped>): Recent =>
  ({ type: 'collaborations', id: task, among: [owner, collaborator], state, at })
const escalated = ({ task, owner, to, state, at }: z.output<typeof Escalated>): Recent =>
  ({ type: 'escalations', id: task, among: to === null ? [owner] : [owner, to], state, at })
const met = ({ conflict, orchestrators, state, detected_at: at }: z.output<typeof Met>): Recent =>
  ({ type: 'conflicts', id: conflict, among: [...orchestrators], state, at })

export const coordination = question({
  name: 'coordination',
  about: 'What orchestrators have to do with one another: how many moves, requests for help, escalations and conflicts of these days came '
    + 'to what, who hands most to whom, what happened last; and what is open now, whenever it began, the oldest first.',
  path: '/coordination',
  params: z.object({}),
  query: Days.safeExtend({
    type: Type.optional().describe('Only these; all when not said.'),
    orchestrator: OrchestratorId.optional().describe('Only what this one takes part in.'),
  }),
  answer: z.object({
    from: z.iso.date(), to: z.iso.date(),
    counts: z.partialRecord(Type, Counts),
    pairs: z.array(z.object({ from: OrchestratorId, to: OrchestratorId, count: Count })).max(pairs_max),
    open: z.object({
      delegations: z.array(Move).max(open_max), escalations: z.array(Escalated).max(open_max), conflicts: z.array(Met).max(open_max),
    }),
    recent: z.array(Recent).max(recent_max),
  }),
  reads: [delegations, collaborations, escalations, conflicts],
  aliases: [{ route: 'GET /orchestrators/coordination', fields: { vpId: 'orchestrator' } }],
  *reply({ query: { type, orchestrator, ...days }, at }) {
    const { from, to, since, until } = daysOf(days, at)
    const wants = (one: Type) => type === undefined || type === one
    const isMoves = wants('delegations') || wants('handoffs')
    const kind = type === 'delegations' ? { kind: 'delegation' } : type === 'handoffs' ? { kind: 'handoff' } : {}
    const within = { atLeast: { at: since }, atMost: { at: until } }
    const asked = { atLeast: { asked_at: since }, atMost: { asked_at: until } }
    const detected = { atLeast: { detected_at: since }, atMost: { detected_at: until } }
    const owner = orchestrator === undefined ? {} : { owner: orchestrator }
    const concerned: readonly Condition[] = orchestrator === undefined ? [] : [{ column: 'orchestrators', holdsAll: [orchestrator] }]

    const moves = (side: Filter | undefined) => {
      const limit = (max: number) => asMany(isMoves && side !== undefined, max)
      const where = { ...kind, ...side }
      return {
        counts: countsOf(delegations, { columns: ['kind', 'state'], where, ...within, limit: limit(kinds_max) }),
        pairs: countsOf(delegations, { columns: ['from', 'to'], where, ...within, mostFirst: true, limit: limit(pairs_max) }),
        recent: rowsOf(delegations, { columns: columnsIn(Move), where, ...within, order: ['at'], ...newest, limit: limit(recent_max) }),
        open: rowsOf(delegations, {
          columns: columnsIn(Move), where: { ...where, state: openMoves }, order: ['at'], limit: limit(open_max),
        }),
      }
    }
    const help = (where: Filter | undefined) => {
      const limit = (max: number) => asMany(wants('collaborations') && where !== undefined, max)
      const all = { where: where ?? {}, ...asked }
      return {
        counts: countsOf(collaborations, { columns: ['state'], ...all, limit: limit(kinds_max) }),
        recent: rowsOf(collaborations, { columns: columnsIn(Helped), ...all, order: ['asked_at'], ...newest, limit: limit(recent_max) }),
      }
    }
    const [out, into] = sides(orchestrator, ['from', 'to'])
    const [given, taken] = sides(orchestrator, ['owner', 'collaborator'])
    const [a, b, c, d] = [moves(out), moves(into), help(given), help(taken)]
    const seen = yield* asks({
      moves: a.counts, movesIn: b.counts, pairs: a.pairs, pairsIn: b.pairs, moved: a.recent, movedIn: b.recent, open: a.open,
      openIn: b.open,
      help: c.counts, helpIn: d.counts, helped: c.recent, helpedIn: d.recent,
      escalations: countsOf(escalations, {
        columns: ['state'], where: owner, ...within, limit: asMany(wants('escalations'), kinds_max),
      }),
      escalated: rowsOf(escalations, {
        columns: columnsIn(Escalated), where: owner, ...within, order: ['at'], ...newest, limit: asMany(wants('escalations'), recent_max),
      }),
      raised: rowsOf(escalations, {
        columns: columnsIn(Escalated), where: { ...owner, state: openEscalations }, order: ['at'],
        limit: asMany(wants('escalations'), open_max),
      }),
      conflicts: countsOf(conflicts, {
        columns: ['state'], meets: concerned, ...detected, limit: asMany(wants('conflicts'), kinds_max),
      }),
      met: rowsOf(conflicts, {
        columns: columnsIn(Met), meets: concerned, ...detected, order: ['detected_at'], ...newest,
        limit: asMany(wants('conflicts'), recent_max),
      }),
      opposed: rowsOf(conflicts, {
        columns: columnsIn(Met), meets: concerned, where: { state: 'OPEN' }, order: ['detected_at'],
        limit: asMany(wants('conflicts'), open_max),
      }),
    })
    const counted = [...seen.moves, ...seen.movesIn]
    const counts = {
      delegations: totals(counted.filter((row) => row.kind === 'delegation')),
      handoffs: totals(counted.filter((row) => row.kind === 'handoff')),
      collaborations: totals([...seen.help, ...seen.helpIn]), escalations: totals(seen.escalations), conflicts: totals(seen.conflicts),
    }
    const recent = [
      ...[...seen.moved, ...seen.movedIn].map(moved), ...[...seen.helped, ...seen.helpedIn].map(helped), ...seen.escalated.map(escalated),
      ...seen.met.map(met),
    ]
    return {
      from, to,
      counts: Object.fromEntries(Object.entries(counts).filter(([name]) => wants(name as Type))),
      pairs: [...seen.pairs, ...seen.pairsIn].sort((x, y) => y.count - x.count || compare(x.from, y.from) || compare(x.to, y.to))
        .slice(0, pairs_max),
      open: {
        delegations: [...seen.open, ...seen.openIn].sort((x, y) => compare(x.at, y.at) || compare(x.task, y.task)).slice(0, open_max),
        escalations: [...seen.raised], conflicts: [...seen.opposed],
      },
      recent: recent.sort((x, y) => compare(y.at, x.at) || compare(x.id, y.id)).slice(0, recent_max),
    }
  },
})
