import t from 'tap'
import { subject, uuid } from '../../kernel/testing.ts'
import { World } from '../../kernel/world.ts'
import { task } from '../../work/task/decider.ts'
import type { TaskEvent } from '../../work/task/events.ts'
import { assigned, cancelled, created, owner, started } from '../../work/task/scene.ts'
import { agent } from './decider.ts'
import { agentTasks } from './questions.ts'

t.test('F-11 the tasks of an agent are the open ones that it is assigned to or works on', async (t) => {
  const world = new World([agent, task])
  world.do({ category: 'agent', id: subject, command: 'register', data: { name: 'Agent' } })
  const happened = (n: number, ...facts: readonly TaskEvent[]) => world.append(task, uuid(n), facts, world.contextOf({ id: uuid(n) }))
  const mine = assigned(`agent:${subject}`, { agentSlot: { agent: subject, slot: uuid(900), kept: false } as never })
  happened(15, created({ title: 'another' }))
  happened(14, created({ title: 'mine' }), mine)
  world.pass(1)
  happened(11, created({ title: 'under way' }), started({ agent: subject as never }))
  happened(12, created({ title: 'both' }), mine, started({ agent: subject as never }))
  happened(13, created({ title: 'given up' }), mine, cancelled())
  t.match(world.ask(agentTasks, { params: { agent: subject } }), {
    items: [
      { task: uuid(14), title: 'mine', owner, status: 'TODO' }, { task: uuid(11), title: 'under way', status: 'IN_PROGRESS' },
      { task: uuid(12), title: 'both' },
    ],
  })
  t.equal((world.ask(agentTasks, { params: { agent: subject } }) as { items: unknown[] }).items.length, 3)
  t.equal(world.ask(agentTasks, { params: { agent: uuid(9) } }), undefined)
})
