import { z } from 'zod'
import { settingOf } from '../../fleet/organization/settings.ts'
import { criterion, type Choice, type Rejected } from '../../kernel/choice.ts'
import { isPrivileged, reject } from '../../kernel/decider.ts'
import { rowsOf } from '../../kernel/grounds.ts'
import { busy } from '../../kernel/refusal.ts'
import { closedAmong, closedRows, type ToldRow } from '../../rhythm/schedule/told.ts'
import { OrchestratorId, priorities, TaskId } from '../../vocabulary.ts'
import type { AgentRow } from '../policies/agent-policies.ts'
import { compare } from '../policies/measures.ts'
import { agentPolicyNames, type AgentPolicyName } from '../policies/names.ts'
import { placer } from '../policies/placing.ts'
import { backlog } from './backlog.ts'
import { task } from './decider.ts'
import { lapses } from './lapses.ts'
import { everyAgent, remembered } from './placements.ts'
import { approved, waitedLong, workspace } from './waiting.ts'

type Row = z.output<typeof backlog.row>
type Lapse = z.output<typeof lapses.row>

const order = 'queue-order/1'

/** Of the last so many lapses it is known beforehand that their agents are not chosen again; of others when it is tried. */
const lapses_max = 1_000

const counts = z.record(z.string(), z.int())
const Skipped = z.object({ task: TaskId, counts }).array().max(50)

const skipped = (rejected: readonly Rejected[]) =>
  rejected.map(({ id, code, detail: { counts = { [code]: 1 } } }) => ({ task: id, counts }))

/** One of the tasks that nobody has goes to an agent that fits it; what fits nobody holds up nothing behind it. */
export const queueNext: Choice<Row> = {
  name: 'queueNext',
  about: 'Finds an agent for the first of the tasks that wait for somebody and that an agent fits. What has waited for as long as the '
    + 'organization lets anything wait comes first, then priority and deadline count.',
  path: '/tasks/queue',
  command: 'next',
  policy: order,
  settings: ['assignPolicy', 'maxWait_h'],
  from: backlog,
  where: { status: 'TODO', assigned: false },
  notBefore: ['next_retry_at', 'deferred_until'],
  standing: approved,
  criteria: {
    owner: criterion({
      about: 'Of this orchestrator; of whoever asks, when an orchestrator does.', schema: OrchestratorId,
      asks: (owner) => [{ column: 'owner', among: [owner] }],
    }),
    workspace,
    policy: criterion({
      about: 'How an agent is chosen; else as the organization has set.', schema: z.enum(agentPolicyNames), asks: () => [],
    }),
  },
  onBehalf: 'owner',
  among: { priority: priorities },
  order: ['deadline', 'created_at'],
  top: 1,
  grounds: {
    agents: everyAgent,
    closed: closedRows,
    lapsed: rowsOf(lapses, { columns: ['task', 'agent', 'at'], order: ['at'], descending: true, limit: lapses_max }),
  },
  first: (_, asking) => waitedLong(asking),
  fits({ agents = [], closed: told = [], lapsed = [] }, { wish, at, caller, settings }) {
    const policy = (wish.policy as AgentPolicyName | undefined) ?? settingOf({ settings }, 'assignPolicy')
    const closed = closedAmong(told as never as readonly ToldRow[], at)
    const place = placer(agents as never as readonly AgentRow[],
      { policy, at, exclude: [], need: 'some', anyone: isPrivileged(caller), refused: [], closed })
    const lapsesOf = Map.groupBy(lapsed as never as readonly Lapse[], ({ task }) => task)
    return ({ task: id, owner, priority, required_capabilities: requiredCapabilities, title, description }) => {
      const { ranked, counts } = place(
        { owner, priority, requiredCapabilities, title, description }, remembered(lapsesOf.get(id) ?? [], at))
      return ranked.length > 0 ? undefined : reject('NOBODY_FITS', { counts })
    }
  },
  score: () => 0,
  ties: (a, b) => compare(a.task, b.task),
  idOf: (row) => row.task,
  sends: { to: task, command: 'place', data: (_, { wish: { policy } }) => ({ policy, reason: order }) },
  outdated: ['INVALID_STATE_TRANSITION', 'DEFERRED', 'INVALID_OWNERSHIP', 'NOT_FOUND', 'RETRY_NOT_DUE'],
  passing: ['NOBODY_FITS', 'CONSENSUS_REQUIRED', 'CAPACITY_EXCEEDED', 'AGENT_NOT_AVAILABLE', 'OUTSIDE_WORK_HOURS'],
  nothing: { code: 'QUEUE_EMPTY', ...busy('Nothing waits for somebody.') },
  unfit: {
    code: 'NOTHING_PLACEABLE', ...busy('Nothing that waits fits an agent that is free.'),
    detail: (rejected) => ({ skipped: skipped(rejected) }),
  },
  answers: {
    fields: z.object({ placed: z.object({ task: TaskId, assignee: z.string(), score: z.number() }), skipped: Skipped }),
    of: ({ id, said: { assignee, score }, rejected }) => ({ placed: { task: id, assignee, score }, skipped: skipped(rejected) }),
  },
}
