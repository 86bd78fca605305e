import { z } from 'zod'
import { decisions } from '../../council/decision/decisions.ts'
import { charters } from '../../fleet/charter/charters.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { streamOf } from '../../kernel/decider.ts'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { timeline } from '../../overview/timeline.ts'
import { TaskId } from '../../vocabulary.ts'
import { compare } from '../policies/measures.ts'
import { attempts } from '../task/attempts.ts'
import { backlog } from '../task/backlog.ts'
import { collaborations } from '../task/collaborations.ts'
import { delegations } from '../task/delegations.ts'
import { notes } from '../task/record-rows.ts'
import { results } from '../task/results.ts'
import { openStatuses } from '../task/shapes.ts'
import { taskState } from '../task/state.ts'
import { waits } from '../task/waits.ts'
import { fitted, withinRoom } from './fitting.ts'

const [dependencies_max, dependents_max, chain_max, helpers_max, notes_max] = [100, 20, 20, 20, 20]
const [decisions_max, last_max, related_max] = [20, 5, 10]
/** Of so many of the same workspace, the newest, the related are chosen. */
const neighbours_max = 200

const Other = backlog.row.pick({ task: true, title: true, status: true })
const Neighbour = Other.extend({ tags: backlog.row.shape.tags, created_at: backlog.row.shape.created_at })
const Owner = orchestrators.row.omit({ email: true })
const Result = results.row.omit({ task: true })
const Delivery = results.row.pick({ task: true, artifacts: true, output: true })
const Charter = charters.row.pick({ version: true, document: true, hash: true, activated_at: true })
const Move = delegations.row.pick({
  revision: true, kind: true, from: true, to: true, at: true, by_id: true, reason: true, state: true, depth: true, answer_by: true,
  finish_by: true,
})
const Helper = collaborations.row.pick({ collaborator: true, role: true, note: true, state: true })
const Note = notes.row.omit({ task: true })
const Attempt = attempts.row.omit({ task: true })
const Question = decisions.row.pick({
  decision: true, type: true, title: true, status: true, outcome: true, opened_at: true, closed_at: true,
})
const Happened = timeline.row.pick({ revision: true, type: true, at: true, by_kind: true, by_id: true, summary: true })

const Parts = z.object({
  task: backlog.row,
  result: Result.nullable(),
  owner: Owner.nullable(),
  /** The one in force. */
  charter: Charter.nullable(),
  /** Of what is done, what it delivered; an output that takes too much room is null, and `cut` names it. */
  dependencies: z.array(Other.extend({ met: z.boolean(), ...Delivery.omit({ task: true }).shape })).max(dependencies_max),
  dependents: z.array(Other).max(dependents_max),
  /** The delegations that are open, the first one first. */
  chain: z.array(Move).max(chain_max),
  lastHandoff: Move.nullable(),
  collaborators: z.array(Helper).max(helpers_max),
  notes: z.array(Note).max(notes_max),
  decisions: z.array(Question).max(decisions_max),
  escalations: z.array(Happened).max(last_max),
  attempts: z.array(Attempt).max(last_max),
  /** What is remembered of such work: nothing is, so far. */
  memory: z.array(z.never()).max(0),
  related: z.array(Neighbour).max(related_max),
})
type Parts = z.output<typeof Parts>
type Neighbour = z.output<typeof Neighbour>

/** Most tags in common first, then the newest. */
function relatedTo({ task, tags }: Pick<Parts['task'], 'task' | 'tags'>, neighbours: readonly Neighbour[]): Neighbour[] {
  const common = (one: Neighbour) => one.tags.filter((tag) => tags.includes(tag)).length
  return neighbours.filter((one) => one.task !== task)
    .sort((a, b) => common(b) - common(a) || compare(b.created_at, a.created_at) || compare(a.task, b.task)).slice(0, related_max)
}

const isOpen = ({ status }: { readonly status: string }) => (openStatuses as readonly string[]).includes(status)

/** What is needed before, and what came of it. */
function dependenciesOf(needed: readonly z.output<typeof Other>[], delivered: readonly z.output<typeof Delivery>[]): Parts['dependencies'] {
  const deliveries = new Map(delivered.map(({ task, ...delivery }) => [task, delivery]))
  return needed.map((one) => ({ ...one, met: !isOpen(one), artifacts: [], output: null, ...deliveries.get(one.task) }))
}

const latest = { descending: true } as const
const openStates = ['OFFERED', 'ACCEPTED', 'STARTED', 'FAILED']
const helping = ['asked', 'accepted', 'completed']

export const context = question({
  name: 'taskContext',
  about: 'What whoever takes a task up should know of it, at most 1 MiB: `cut` names what was left out, `digest` tells whether it changed.',
  path: '/tasks/:task/context',
  params: z.object({ task: TaskId }),
  query: z.object({
    memoryTokens: z.int().min(0).max(32_000).refine((count) => count === 0 || count >= 100, { error: 'is 0, for none, or at least 100' })
      .default(4_000),
  }),
  answer: Parts.extend({ digest: z.string(), cut: z.array(z.string()) }),
  reads: [backlog, results, orchestrators, charters, waits, delegations, collaborations, notes, decisions, timeline, attempts],
  statements_max: 2,
  aliases: [{ route: 'GET /orchestrators/:orchestrator/tasks/:task/context' }],
  *reply({ params }) {
    const { own: [own] } = yield* asks({ own: rowsOf(backlog, { columns: columnsIn(backlog.row), where: params, limit: 1 }) })
    if (!own) return undefined
    const { task } = own
    const seen = yield* asks({
      result: rowsOf(results, { columns: columnsIn(Result), where: { task }, limit: 1 }),
      owner: rowsOf(orchestrators, { columns: columnsIn(Owner), where: { orchestrator: own.owner }, limit: 1 }),
      charter: rowsOf(charters, { columns: columnsIn(Charter), where: { orchestrator: own.owner, active: true }, limit: 1 }),
      needed: rowsOf(backlog, { columns: columnsIn(Other), where: { task: own.depends_on }, limit: dependencies_max }),
      delivered: rowsOf(results, { columns: columnsIn(Delivery), where: { task: own.depends_on }, limit: dependencies_max }),
      dependents: rowsOf(backlog, {
        columns: columnsIn(Other), limit: dependents_max,
        among: { task: rowsOf(waits, { columns: ['task'], where: { depends_on: task }, limit: dependents_max }) },
      }),
      chain: rowsOf(delegations, { columns: columnsIn(Move), where: { task, state: openStates }, limit: chain_max }),
      handoffs: rowsOf(delegations, { columns: columnsIn(Move), where: { task, kind: 'handoff' }, ...latest, limit: 1 }),
      helpers: rowsOf(collaborations, { columns: columnsIn(Helper), where: { task, state: helping }, limit: helpers_max }),
      notes: rowsOf(notes, { columns: columnsIn(Note), where: { task }, ...latest, limit: notes_max }),
      votes: rowsOf(decisions, { columns: columnsIn(Question), where: { task }, order: ['opened_at'], ...latest, limit: decisions_max }),
      escalations: rowsOf(timeline, {
        columns: columnsIn(Happened), ...latest, limit: last_max,
        where: { stream: streamOf(taskState, task), type: 'TaskEscalated' },
      }),
      attempts: rowsOf(attempts, { columns: columnsIn(Attempt), where: { task }, ...latest, limit: last_max }),
      neighbours: rowsOf(backlog, {
        columns: columnsIn(Neighbour), order: ['created_at'], ...latest, limit: own.workspace === null ? 0 : neighbours_max,
        where: { workspace: own.workspace },
      }),
    })
    const { result: [result = null], owner: [owner = null], charter: [charter = null], handoffs: [lastHandoff = null], ...lists } = seen
    const { told: dependencies, isCut } = withinRoom(dependenciesOf(lists.needed, lists.delivered))
    return fitted({
      task: own, result, owner, charter, dependencies, dependents: [...lists.dependents], chain: [...lists.chain], lastHandoff,
      collaborators: [...lists.helpers], notes: [...lists.notes], decisions: [...lists.votes], escalations: [...lists.escalations],
      attempts: [...lists.attempts], memory: [], related: relatedTo(own, lists.neighbours),
    }, isCut ? ['outputs'] : [])
  },
})
