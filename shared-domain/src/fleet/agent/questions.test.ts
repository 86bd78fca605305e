import t from 'tap'
import { subject, uuid } from '../../kernel/testing.ts'
import { World } from '../../kernel/world.ts'
import { Task } from '../../work/task/events.ts'
import { task } from '../../work/task/decider.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { agent } from './decider.ts'
import { agentTasks } from './questions.ts'

t.test('F-11 the tasks of an agent are the open ones that it is assigned to', async (t) => {
  const world = new World([agent, task, orchestrator])
  world.do({ category: 'agent', id: subject, command: 'register', data: { name: 'Agent' } })
  const owner = uuid(5)
  world.do({ category: 'orchestrator', id: owner, command: 'register', data: { name: 'Ada' } })
  for (const n of [11, 12, 13]) world.do({ category: 'task', id: uuid(n), command: 'create', data: { owner, title: `task ${n}` } })
  const assigned = Task.TaskAssigned({ owner: owner as never, assignee: `agent:${subject}`, previous: null } as never)
  for (const n of [12, 13]) world.append(task, uuid(n), [assigned], world.contextOf({ id: uuid(n) }))
  world.do({ category: 'task', id: uuid(13), command: 'cancel', data: {} })
  t.match(world.ask(agentTasks, { params: { agent: subject } }), { items: [{ task: uuid(12), owner, title: 'task 12', status: 'TODO' }] })
  t.equal(world.ask(agentTasks, { params: { agent: uuid(9) } }), undefined)
})
