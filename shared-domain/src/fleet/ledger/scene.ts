import { Rejection } from '../../kernel/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { orchestrator as actor, organization, subject } from '../../kernel/testing.ts'
import { Courier, World } from '../../kernel/world.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { budget } from '../budget/decider.ts'
import { monthOf, type Amount } from '../budget/windows.ts'
import { exhaustion } from '../exhaustion.ts'
import { ledgers } from '../ledgers.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { organization as organizationDecider } from '../organization/decider.ts'
import { ledger } from './decider.ts'
import { ledgerOf, ledgerState } from './state.ts'

export const holder = subject as OrchestratorId

interface Booked extends Partial<Amount> {
  readonly ledger?: string
  readonly reservation?: string
  readonly ttl_s?: number
}

/** An orchestrator and its organization with their budgets and ledgers, where processes do what they do. */
export function purse(...others: readonly string[]) {
  const world = new World([organizationDecider, orchestrator, budget, ledger])
  const courier = new Courier(world, [ledgers, exhaustion])
  for (const id of [holder, ...others]) world.do({ category: 'orchestrator', id, command: 'register', data: { name: 'Ada' } })

  const own = (id: string, month = monthOf(world.at)) => ledgerOf(id, month)
  /** What was done, the processes' part too; the answer is that to the command. */
  function done(category: string, id: string, command: string, data: object, by?: Actor) {
    const answer = world.do({ category, id, command, data, ...(by ? { by } : {}) })
    courier.settle()
    return answer
  }
  const booking = (command: string) => (data: Booked = {}, id: string = holder) =>
    (id === organization ? done('ledger', own(id, data.ledger), `${command}OfOrganization`, data)
      : done('ledger', own(id, data.ledger), command, { orchestrator: id, ...data }, actor(id)))
  const limiting = (command: string) => (data: object, id: string = holder) =>
    done('budget', id, id === organization ? `${command}Organization` : command, data)

  return {
    world, courier, settle: () => courier.settle(),
    reserve: booking('reserve'), consume: booking('consume'), release: booking('release'),
    configure: limiting('configure'), override: limiting('override'),
    counts: (id: string = holder, month?: string) => world.look(ledgerState, own(id, month)).counts,
    live: (id: string = holder, month?: string) => [...world.look(ledgerState, own(id, month)).reservations.keys()],
    /** Of a kind, what was told last. */
    last: (type: string, id = '') => world.log.findLast((fact) => fact.type === type && fact.id.startsWith(id))?.data as any,
    told: (type: string) => world.log.filter((fact) => fact.type === type).map(({ data }) => data as any),
  }
}

/** The name of what was reserved. */
export const reservationIn = (answer: ReturnType<World['do']>): string => {
  if (answer instanceof Rejection) throw new Error(answer.code)
  return (answer[0]!.data as { reservation: string }).reservation
}

export const tokens = (count: number): Amount => ({ tokens: count, cost: 0 })
