import { z } from 'zod'
import { agentState } from '../../fleet/agent/state.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { orchestratorState, type StandingProxy } from '../../fleet/orchestrator/state.ts'
import { reject, Rejection, type Context } from '../../kernel/decider.ts'
import { cited, rowsOf, type Asked } from '../../kernel/grounds.ts'
import { text, type TaskId } from '../../vocabulary.ts'
import { taskState } from '../../work/task/state.ts'
import { links_max } from '../tally/ballots.ts'
import { linksWith } from './counting.ts'
import { partiesTo } from './effect.ts'
import type { Effect } from './effect-shapes.ts'
import { Elector, ElectorId, Excluded, type Selection } from './shapes.ts'
import type { Question } from './state.ts'
import { unjudged, votingRecordState, type Judged } from '../voting-record/state.ts'
import { earnedWeight } from '../voting-record/weight.ts'

export const electors_max = 200

/** A weight as somebody says it: decimal text of at most 30 digits, or a number that JSON holds exactly. */
const WeightSaid = z.union([z.string().regex(/^[1-9]\d{0,29}$/), z.int().min(1)]).transform(String)

const Seat = z.union([
  ElectorId.transform((elector) => ({ elector, weight: undefined })), z.object({ elector: ElectorId, weight: WeightSaid.optional() }),
])

const statuses = ['ONLINE', 'BUSY', 'AWAY', 'OFFLINE'] as const

/** Who may vote, and what each weighs: named one by one, or selected among the orchestrators. */
export const membership = {
  electorate: z.array(Seat).min(1).max(electors_max).optional(),
  select: z.object({
    discipline: text(100), role: text(100), capability: text(100), tier: z.int().min(0).max(3),
    status: z.array(z.enum(statuses)).min(1).max(4),
  }).partial().optional(),
  minElectorate: z.int().min(1).max(electors_max).default(2),
  weights: z.enum(['profile', 'equal', 'earned', 'given']).default('profile'),
  exclude: z.array(ElectorId).max(electors_max).default([]),
  excludeInterested: z.boolean().default(false),
}

/** What is wrong with the weights as they are said: each with the field that it is about. */
export function* misweighed(
  { electorate, weights }: Pick<Membership, 'electorate' | 'weights'>,
): Generator<{ readonly path: string; readonly message: string }> {
  const weighty = electorate?.filter(({ weight }) => weight !== undefined).length ?? 0
  if (weights === 'given' && weighty < (electorate?.length ?? 1)) yield { path: 'weights', message: 'are given: give each elector one' }
  if (weights !== 'given' && weighty > 0) yield { path: 'weights', message: 'must be `given` where an elector has one' }
}

const Membership = z.object(membership)
type Membership = z.output<typeof Membership>

/** The rows of those who may be selected: one more than may vote, to see that there are too many. */
export function selectable({ select }: Pick<Membership, 'select'>): Asked {
  if (!select) return {}
  const { capability, status = ['ONLINE', 'BUSY', 'AWAY'], ...alike } = select
  return {
    electors: rowsOf(orchestrators, {
      columns: ['orchestrator'], where: { ...alike, status }, limit: electors_max + 1,
      ...(capability === undefined ? {} : { meets: [{ column: 'capabilities', holdsAll: [capability] }] }),
    }),
  }
}

interface Known {
  readonly kind: 'orchestrator' | 'agent'
  readonly base: number
  readonly standing: StandingProxy | null
}

/** Who it is that is to vote; agents weigh one. */
function known(id: string, { look, organization }: Context): Known | undefined {
  const orchestrator = look(orchestratorState, id)
  if (orchestrator.stage === 'registered' && orchestrator.organization === organization)
    return { kind: 'orchestrator', base: orchestrator.profile.consensusWeight, standing: orchestrator.proxy }
  const agent = look(agentState, id)
  return agent.stage === 'open' && agent.organization === organization ? { kind: 'agent', base: 1, standing: null } : undefined
}

type Reason = z.output<typeof Excluded>['reason']

/** Those with an interest of their own, and which. */
function interested(task: TaskId | null, { look, actsFor, by }: Context): Map<string, Reason> {
  const reasons = new Map<string, Reason>([[actsFor ?? by.id, 'proposer']])
  const about = task === null ? undefined : look(taskState, task)
  if (!about || about.status === 'NONE') return reasons
  const concerned: readonly (readonly [id: string | null, reason: Reason])[] = [
    [about.owner, 'owner'],
    [about.status === 'IN_PROGRESS' ? about.lease.holder : null, 'holder'],
    [about.assignee?.replace(/^(?:agent|orchestrator):/, '') ?? null, 'assignee'],
    ...about.chain.map(({ from }) => [from, 'delegator'] as const),
  ]
  for (const [id, reason] of concerned) if (id !== null && !reasons.has(id)) reasons.set(id, reason)
  return reasons
}

type Seated = z.output<typeof Elector>

/** Who votes for whom in general does so here, if it stands, is an elector, and makes no circle and no chain that is too long (C-33). */
function withProxies(
  seats: readonly Seated[], standing: ReadonlyMap<string, StandingProxy>, type: Question['type'], at: string,
): Seated[] {
  const chosen = new Map(seats.map((seat) => [seat.elector as string, seat]))
  for (const [elector, { to, types, until }] of standing) {
    const stands = (types === null || types.includes(type)) && (until === null || at < until)
    if (stands && chosen.has(to) && linksWith(chosen, elector, to) <= links_max)
      chosen.set(elector, { ...chosen.get(elector)!, proxy: to })
  }
  return [...chosen.values()]
}

export interface Frozen {
  readonly electorate: z.output<typeof Elector>[]
  readonly excluded: z.output<typeof Excluded>[]
  readonly selection: z.output<typeof Selection>
}

interface Weighed { readonly weight: string; readonly judged: Judged | null }

/** What an elector weighs here, and what it was judged by, where that counts. */
function weighed(
  { weights, type }: Pick<Said, 'weights' | 'type'>, elector: string, base: number, given: string | undefined, { look }: Context,
): Weighed {
  switch (weights) {
    case 'given': return { weight: given!, judged: null }
    case 'equal': return { weight: '1', judged: null }
    case 'profile': return { weight: String(base), judged: null }
    case 'earned': {
      const judged = look(votingRecordState, elector).byType.get(type) ?? unjudged
      return { weight: String(earnedWeight(base, judged)), judged }
    }
  }
}

type Said = Membership & { readonly type: Question['type']; readonly effect?: Effect | undefined }

/** The electorate with the weights that its members have now, in the order of ids, without those who are left out. */
export function frozen(said: Said, task: TaskId | null, context: Context) {
  const rows = context.grounds?.rows.electors
  const found = (rows ?? []).map(({ orchestrator }) => ({ elector: String(orchestrator), weight: undefined }))
  const parties = said.select ? undefined : partiesTo(said.effect, context)
  const named = said.electorate ?? parties?.map((elector) => ({ elector, weight: undefined })) ?? found
  if (named.length > electors_max) return reject('ELECTORATE_TOO_LARGE', { max: electors_max })
  const left = new Map<string, Reason>([
    ...(said.excludeInterested ? interested(task, context) : []), ...said.exclude.map((id) => [id, 'asked'] as const),
  ])
  const seats = new Map(named.map(({ elector, weight }) => [elector, weight] as const))
  const electorate: Seated[] = []
  const proxies = new Map<string, StandingProxy>()
  for (const [elector, given] of [...seats].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (left.has(elector)) continue
    const member = known(elector, context)
    if (!member) return reject('ORCHESTRATOR_UNKNOWN', { orchestrator: elector })
    const { kind, base, standing } = member
    if (standing) proxies.set(elector, standing)
    electorate.push({ elector, kind, base: String(base), ...weighed(said, elector, base, given, context), proxy: null })
  }
  if (electorate.length < said.minElectorate) return reject('ELECTORATE_TOO_SMALL', { left: electorate.length, min: said.minElectorate })
  const excluded = [...left].filter(([id]) => seats.has(id)).map(([id, reason]) => ({ id, reason }))
  const selection = said.select ? { select: said.select as never, grounds: cited(context.grounds!) } : null
  return { electorate: withProxies(electorate, proxies, said.type, context.at), excluded, selection } satisfies Frozen
}

export const isFrozen = (found: Frozen | Rejection): found is Frozen => !(found instanceof Rejection)
