import t from 'tap'
import { agents } from '../fleet/agent/agents.ts'
import { recorded } from '../kernel/picture.ts'
import type { FindRow } from '../kernel/push.ts'
import { subject, uuid } from '../kernel/testing.ts'
import { Task } from '../work/task/events.ts'
import { pushes, topics } from './pushes.ts'

const fact = (type: string, data: object = {}, category = 'task') => recorded({ category }, { type, data })
const rows: FindRow = ({ from, id }) => ({ [from.key[0]!]: id, name: 'row', workspace: 'docks', channel: null })
const none: FindRow = () => undefined

const heard = (one: ReturnType<typeof fact>, find = rows) => pushes.filter(({ facts }) => facts.includes(one.type)).map((push) => {
  const wanted = push.rows(one).map(({ from, id }) => `${from.name} ${id}`)
  return { event: push.event, wanted, ...push.payload(one, find) as any }
})

t.test('L-22 every fact of a task but a renewed lease is told under one name', async (t) => {
  const told = Object.keys(Task.definitions).map((type) => [type, pushes.filter(({ facts }) => facts.includes(type)).length])
  t.strictSame(told.filter(([, count]) => count !== 1), [['LeaseRenewed', 0]])
})

t.test('L-22 the payload has the rows with their older names, or says that they are behind', async (t) => {
  t.match(heard(fact('TaskAssigned', { assignee: `agent:${uuid(7)}` })), [{
    event: 'task:assigned',
    wanted: [`backlog ${subject}`, `agent ${uuid(7)}`],
    task: { id: subject, task: subject }, agent: { id: uuid(7), agent: uuid(7), name: 'row' },
  }])
  t.match(heard(fact('TaskAssigned', { assignee: `orchestrator:${uuid(8)}` })), [{ agent: { kind: 'orchestrator', id: uuid(8) } }])
  t.match(heard(fact('TaskAssigned', { assignee: 'grace' })), [{ wanted: [`backlog ${subject}`], agent: { kind: 'person', id: 'grace' } }])
  t.match(heard(fact('TaskFailed', { reason: 'no ink' })), [{ event: 'task:failed', reason: 'no ink' }])
  t.match(heard(fact('TaskSlaViolated', { overdue_ms: 5 })), [{ event: 'task:sla-violation', overdue_ms: 5 }])
  t.match(heard(fact('TaskCreated')), [{ event: 'task:updated', task: { id: subject } }])
  t.match(heard(fact('AgentOverloaded', { current: 3, max: 3 }, 'agent')), [
    { event: 'agent:overload', agent: { id: subject }, current: 3, max: 3 },
  ])
  t.strictSame(heard(fact('TaskFailed', { reason: 'x' }), none)[0]!.task, { id: subject, behind: true })
  t.equal(agents.key[0], 'agent')
})

t.test('L-21 a fact has the topics of what it is of, whom it concerns and how it is labelled', async (t) => {
  t.strictSame(topics.of(fact('TaskAssigned', { assignee: `agent:${uuid(7)}` }), uuid(9), rows), [
    `task:${subject}`, `agent:${uuid(7)}`, `orchestrator:${uuid(9)}`, 'workspace:docks',
  ])
  t.strictSame(topics.of(fact('TaskFailed'), null, none), [`task:${subject}`])
  t.strictSame(topics.of(fact('VoteCast', {}, 'decision'), null, none), [`decision:${subject}`])
  t.strictSame(topics.of(fact('AgentRetired', {}, 'agent'), null, none), [`agent:${subject}`])
})
