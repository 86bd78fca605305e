import { deciders, processes } from '../catalogue.ts'
import { agent } from '../fleet/agent/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { Rejection } from '../kernel/decider.ts'
import { send } from '../kernel/process.ts'
import { uuid } from '../kernel/testing.ts'
import { Courier, World, type Wish } from '../kernel/world.ts'
import { task } from '../work/task/decider.ts'
import { workdays } from './schedule/scene.ts'

export const [ada, bob, hand, plain, urgent] = [1, 2, 3, 4, 5].map(uuid) as [string, string, string, string, string]
export const opens = '2030-01-01T08:00:00.000Z'
export const closed = { orchestrator: ada, cause: 'weekly', nextAvailableAt: opens }

// It is one o'clock at night where Ada works from nine to five; Bob always works.
export function night(terms: object = {}) {
  const world = new World(deciders)
  const courier = new Courier(world, processes)
  const does = (command: string, data: object = {}, more: Partial<Wish> = {}) => {
    const facts = world.do({ category: 'task', id: plain, command, data, ...more })
    if (!(facts instanceof Rejection)) courier.settle()
    return facts
  }
  for (const id of [ada, bob]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'A', timezone: 'Europe/Berlin' }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  world.carryOut(send(agent, hand, 'register', { name: 'Hand', orchestrator: ada, capabilities: [{ skill: 'writing' }] }))
  world.do({ category: 'schedule', id: ada, command: 'configure', data: { weekly: workdays, ...terms } })
  for (const [id, priority] of [[plain, 'LOW'], [urgent, 'CRITICAL']] as const)
    world.carryOut(send(task, id, 'create', { owner: ada, title: 'Work', priority, requiredCapabilities: ['writing'] }))
  courier.settle()
  return { world, courier, does }
}
