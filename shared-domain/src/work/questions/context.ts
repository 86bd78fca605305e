import { z } from 'zod'
import { decisions } from '../../council/decision/decisions.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { streamOf } from '../../kernel/decider.ts'
import { digestOf } from '../../kernel/digest.ts'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { timeline } from '../../overview/timeline.ts'
import { TaskId } from '../../vocabulary.ts'
import { compare } from '../policies/measures.ts'
import { backlog } from '../task/backlog.ts'
import { delegations } from '../task/delegations.ts'
import { openStatuses } from '../task/shapes.ts'
import { taskState } from '../task/state.ts'
import { waits } from '../task/waits.ts'

/** So much is handed to an agent at once. */
export const bytes_max = 1024 * 1024
const [dependencies_max, dependents_max, chain_max, decisions_max, escalations_max, related_max] = [100, 20, 20, 20, 5, 10]
/** Of so many of the same workspace, the newest, the related are chosen. */
const neighbours_max = 200

const Other = backlog.row.pick({ task: true, title: true, status: true })
const Neighbour = Other.extend({ tags: backlog.row.shape.tags, created_at: backlog.row.shape.created_at })
const Owner = orchestrators.row.omit({ email: true })
const Move = delegations.row.pick({ revision: true, kind: true, from: true, to: true, at: true, by_id: true, reason: true })
const Question = decisions.row.pick({
  decision: true, type: true, title: true, status: true, outcome: true, opened_at: true, closed_at: true,
})
const Happened = timeline.row.pick({ revision: true, type: true, at: true, by_kind: true, by_id: true, summary: true })

const Parts = z.object({
  task: backlog.row,
  owner: Owner.nullable(),
  dependencies: z.array(Other.extend({ met: z.boolean() })).max(dependencies_max),
  dependents: z.array(Other).max(dependents_max),
  chain: z.array(Move).max(chain_max),
  lastHandoff: Move.nullable(),
  decisions: z.array(Question).max(decisions_max),
  escalations: z.array(Happened).max(escalations_max),
  /** What is remembered of such work: nothing is, so far. */
  memory: z.array(z.never()).max(0),
  related: z.array(Neighbour).max(related_max),
})
type Parts = z.output<typeof Parts>

const lists = ['dependencies', 'dependents', 'chain', 'decisions', 'escalations', 'related'] as const satisfies readonly (keyof Parts)[]

const bytes = new TextEncoder()
const sizeOf = (value: unknown) => bytes.encode(JSON.stringify(value)).length

/** What fits: where it is too much, the last parts go first. */
export function fitted(parts: Parts, most = bytes_max) {
  const cut: string[] = []
  let rest = parts
  for (const name of lists.toReversed()) {
    if (sizeOf(rest) <= most) break
    if (rest[name].length === 0) continue
    rest = { ...rest, [name]: [] }
    cut.push(name)
  }
  return { ...rest, digest: digestOf(rest), cut }
}

type Neighbour = z.output<typeof Neighbour>

/** Most tags in common first, then the newest. */
function relatedTo({ task, tags }: Pick<Parts['task'], 'task' | 'tags'>, neighbours: readonly Neighbour[]): Neighbour[] {
  const common = (one: Neighbour) => one.tags.filter((tag) => tags.includes(tag)).length
  return neighbours.filter((one) => one.task !== task)
    .sort((a, b) => common(b) - common(a) || compare(b.created_at, a.created_at) || compare(a.task, b.task)).slice(0, related_max)
}

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
  reads: [backlog, orchestrators, waits, delegations, decisions, timeline],
  statements_max: 2,
  aliases: [{ route: 'GET /orchestrators/:orchestrator/tasks/:task/context' }],
  *reply({ params }) {
    const { own: [own] } = yield* asks({ own: rowsOf(backlog, { columns: columnsIn(backlog.row), where: params, limit: 1 }) })
    if (!own) return undefined
    const { task } = own
    const latest = { descending: true } as const
    const { owner: [owner = null], needed, dependents, chain, votes, escalations, neighbours } = yield* asks({
      owner: rowsOf(orchestrators, { columns: columnsIn(Owner), where: { orchestrator: own.owner }, limit: 1 }),
      needed: rowsOf(backlog, { columns: columnsIn(Other), where: { task: own.depends_on }, limit: dependencies_max }),
      dependents: rowsOf(backlog, {
        columns: columnsIn(Other), limit: dependents_max,
        among: { task: rowsOf(waits, { columns: ['task'], where: { depends_on: task }, limit: dependents_max }) },
      }),
      chain: rowsOf(delegations, { columns: columnsIn(Move), where: { task }, ...latest, limit: chain_max }),
      votes: rowsOf(decisions, { columns: columnsIn(Question), where: { task }, order: ['opened_at'], ...latest, limit: decisions_max }),
      escalations: rowsOf(timeline, {
        columns: columnsIn(Happened), ...latest, limit: escalations_max,
        where: { stream: streamOf(taskState, task), type: 'TaskEscalated' },
      }),
      neighbours: rowsOf(backlog, {
        columns: columnsIn(Neighbour), order: ['created_at'], ...latest, limit: own.workspace === null ? 0 : neighbours_max,
        where: { workspace: own.workspace },
      }),
    })
    const isOpen = ({ status }: { readonly status: string }) => (openStatuses as readonly string[]).includes(status)
    return fitted({
      task: own, owner, dependencies: needed.map((one) => ({ ...one, met: !isOpen(one) })), dependents: [...dependents], chain: [...chain],
      lastHandoff: chain.find(({ kind }) => kind === 'handoff') ?? null, decisions: [...votes], escalations: [...escalations], memory: [],
      related: relatedTo(own, neighbours),
    })
  },
})
