import { agentState } from '../fleet/agent/state.ts'
import { agents } from '../fleet/agent/agents.ts'
import { decisionState } from '../council/decision/state.ts'
import type { Fold } from '../kernel/decider.ts'
import type { Recorded } from '../kernel/fact.ts'
import type { FindRow, Push, RowWanted, Topics } from '../kernel/push.ts'
import { assigneeOf } from '../work/task/assignees.ts'
import { backlog } from '../work/task/backlog.ts'
import { Task } from '../work/task/events.ts'
import { taskState } from '../work/task/state.ts'

const isOf = ({ category }: Recorded, fold: Pick<Fold, 'category'>) => category === fold.category

const taskOf = ({ id }: Recorded): RowWanted => ({ from: backlog, id })

/** The row with its older name, or only the id where the row is not there in time. */
function told({ id, from }: RowWanted, find: FindRow): object {
  const row = find({ id, from })
  return row ? { ...row, id } : { id, behind: true }
}

/** Whom a task is assigned to, in the words of the fact. */
const assigneeIn = (fact: Recorded): string => String((fact.data as { assignee: string }).assignee)

const agentOf = (fact: Recorded): RowWanted | undefined => {
  const known = assigneeOf(assigneeIn(fact))
  return known.kind === 'agent' ? { from: agents, id: known.id } : undefined
}

/** An assignee that is no agent: an orchestrator, or a person by whatever name. */
const somebody = (text: string) => {
  const known = assigneeOf(text)
  return known.kind === 'person' ? { kind: known.kind, id: text } : known
}

const quiet = ['TaskAssigned', 'TaskFailed', 'TaskSlaViolated', 'LeaseRenewed']

export const pushes: readonly Push[] = [
  {
    event: 'task:assigned', about: 'A task has an assignee.', facts: ['TaskAssigned'],
    rows: (fact) => [taskOf(fact), ...[agentOf(fact) ?? []].flat()],
    payload(fact, find) {
      const agent = agentOf(fact)
      return { task: told(taskOf(fact), find), agent: agent ? told(agent, find) : somebody(assigneeIn(fact)) }
    },
  },
  {
    event: 'task:updated', about: 'Something else happened to a task.',
    facts: Object.keys(Task.definitions).filter((type) => !quiet.includes(type)),
    rows: (fact) => [taskOf(fact)],
    payload: (fact, find) => ({ task: told(taskOf(fact), find) }),
  },
  {
    event: 'task:failed', about: 'A try at a task failed.', facts: ['TaskFailed'],
    rows: (fact) => [taskOf(fact)],
    payload: (fact, find) => ({ task: told(taskOf(fact), find), reason: (fact.data as { reason: string }).reason }),
  },
  {
    event: 'task:sla-violation', about: 'The deadline of a task has passed.', facts: ['TaskSlaViolated'],
    rows: (fact) => [taskOf(fact)],
    payload: (fact, find) => ({ task: told(taskOf(fact), find), overdue_ms: (fact.data as { overdue_ms: number }).overdue_ms }),
  },
  {
    event: 'agent:overload', about: 'An agent carries all that it may.', facts: ['AgentOverloaded'],
    rows: ({ id }) => [{ from: agents, id }],
    payload(fact, find) {
      const { current, max } = fact.data as { current: number; max: number }
      return { agent: told({ from: agents, id: fact.id }, find), current, max }
    },
  },
]

const places = { task: taskState, agent: agentState, decision: decisionState } as const

/** What a task is labelled with; other facts are not. */
const labels = ['workspace', 'channel'] as const

export const topics: Topics = {
  kinds: ['orchestrator', ...Object.keys(places), ...labels],
  of(fact, recipient, find) {
    const own = Object.entries(places).flatMap(([kind, fold]) => (isOf(fact, fold) ? [`${kind}:${fact.id}`] : []))
    const agent = fact.type === 'TaskAssigned' ? agentOf(fact) : undefined
    const row = isOf(fact, taskState) ? find(taskOf(fact)) : undefined
    const labelled = labels.flatMap((label) => (typeof row?.[label] === 'string' ? [`${label}:${row[label]}`] : []))
    return [...own, ...(agent ? [`agent:${agent.id}`] : []), ...(recipient === null ? [] : [`orchestrator:${recipient}`]), ...labelled]
  },
}
