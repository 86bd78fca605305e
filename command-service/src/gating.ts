import { Rejection, type Command, type Decider } from 'shared-domain/kernel/decider.ts'
import type { Gate } from 'shared-domain/kernel/gate.ts'
import type { Refusals } from 'shared-domain/kernel/refusal.ts'
import type { CarryOut } from './holding.ts'
import type { Looking } from './looking.ts'
import { circumstancesOf, type Run } from './request.ts'

/** How old the view may be that the gate has of other streams. */
const view_max_ms = 1_000

/** Asks the gate, once, about a wish from outside: whether it is refused, and what is to be held if it is not. */
export const gating = (gate: Gate | undefined, looked: Looking, carryOut: CarryOut) =>
  async function barred(run: Run): Promise<Rejection | undefined> {
    const { decider, name, command, request: { said } } = run
    if (!gate || !said || !gate.guards(command)) return undefined
    if (run.barrier === undefined) {
      const circumstances = circumstancesOf(run)
      run.barrier = await looked((look) => gate.ask({ decider, name, command, said }, { ...circumstances, look }), view_max_ms) ?? 'none'
    }
    if (run.barrier === 'none' || run.barrier.hold) return undefined
    const { refusal, record } = run.barrier
    if (record) await carryOut(record, run)
    return refusal
  }

/** Every code that a command may be refused with. */
export const refusalsOf = (gate: Gate | undefined, { rejections }: Decider, command: Command): Refusals =>
  (gate?.guards(command) ? { ...rejections, ...gate.rejections } : rejections)
