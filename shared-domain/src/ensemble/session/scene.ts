import { agentSlots } from '../../fleet/agent-slots.ts'
import { agent } from '../../fleet/agent/decider.ts'
import { skill } from '../../fleet/agent/scene.ts'
import { agentState } from '../../fleet/agent/state.ts'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { send } from '../../kernel/process.ts'
import { admin, subject, system, uuid } from '../../kernel/testing.ts'
import { Courier, World } from '../../kernel/world.ts'
import { messageDeadlines } from '../message-deadlines.ts'
import { sessionMessage } from '../message/decider.ts'
import { sessionSlots } from '../session-slots.ts'
import { ensemble } from './decider.ts'

export const [owner, other] = [uuid(50), uuid(51)] as [string, string]
export const hands: readonly string[] = [uuid(71), uuid(72), uuid(73)]

/** The sessions whose slots an agent has taken. */
export function slotsOf(world: World, id: string): readonly (string | null)[] {
  const state = world.look(agentState, id)
  return state.stage === 'unknown' ? [] : [...state.slots.values()].map(({ session }) => session)
}

/** Two orchestrators, and three agents of nobody's that can the same, the first best. */
export function house({ maxConcurrent = 4, isConfirmed = true } = {}) {
  const world = new World([agent, orchestrator, ensemble, sessionMessage])
  const courier = new Courier(world, isConfirmed ? [agentSlots, sessionSlots, messageDeadlines] : [agentSlots])
  for (const id of [owner, other]) world.carryOut(send(orchestrator, id, 'register', { name: id.slice(-2) }))
  for (const [n, id] of hands.entries())
    world.carryOut(send(agent, id, 'register', { name: `Hand ${n}`, maxConcurrent,
      capabilities: [skill('css', { proficiency: 9 - n, cost: 10 })] }))
  const tell = (category: string, id: string, command: string, data: object) => {
    world.do({ category, id, command, data, by: system })
    courier.settle()
  }
  const { data: schema, decide, grounds } = ensemble.commands.form!
  const said = (data: object) => ({ owner, ...data })
  /** The owner's by itself, where nobody else is said to ask. */
  const wish = (command: string, data: object = {}, by: Actor = admin, id = subject) => {
    const decided = world.do({ category: 'ensemble', id, command, data: command === 'form' && by.kind !== 'tool' ? said(data) : data, by })
    courier.settle()
    return decided
  }
  /** What is formed once these did not let themselves be held. */
  const decides = (data: object, refused: readonly string[]) => {
    const wanted = schema.parse(said(data))
    const context = world.contextOf({ id: subject })
    const told = refused.map((id) => ({ category: 'agent', id, code: 'CAPACITY_EXCEEDED' }))
    return decide(ensemble.initial, wanted, { ...context, refused: told, grounds: world.find(grounds!(ensemble.initial, wanted, context)) })
  }
  const parses = (data: object) => schema.safeParse(said(data)).success
  return { world, courier, tell, wish, decides, parses }
}
