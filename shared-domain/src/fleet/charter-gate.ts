import { reject, type Context } from '../kernel/decider.ts'
import type { Gate, Wish } from '../kernel/gate.ts'
import { send } from '../kernel/process.ts'
import { conflict, forbidden } from '../kernel/refusal.ts'
import { hour_ms } from '../kernel/time.ts'
import { CommandId, OrchestratorId } from '../vocabulary.ts'
import { agentState } from './agent/state.ts'
import { actionApproval } from './approval/decider.ts'
import { orchestratorState } from './orchestrator/state.ts'
import { charterViolation } from './violation/decider.ts'
import { hourOf } from './violation/state.ts'
import { hashOf, type Envelope } from './charter/envelope.ts'
import { charterState, termsOf } from './charter/state.ts'
import { judged } from './charter/verdict.ts'

/** Whose charter the caller heeds: its orchestrator's, of an agent that which supervises it. */
function heeded({ by, actsFor, look }: Context): string | null {
  switch (by.kind) {
    case 'orchestrator': case 'daemon': return actsFor
    case 'agent': {
      const agent = look(agentState, by.id)
      return agent.stage === 'unknown' ? null : agent.profile.orchestrator
    }
    case 'admin': case 'tool': case 'process': return null
  }
}

const envelopeOf = ({ decider: { category, collection }, name, command: { gated = name }, said: { id, payload } }: Wish): Envelope => ({
  action: `${category}.${gated}`,
  path: id === undefined ? `/${collection}` : `/${collection}/${id}`,
  payload: payload as Envelope['payload'],
})

/** An approval does not go bad while it is held: it was good when it was taken. */
const held_max_ms = hour_ms

const approved = (approval: string, orchestrator: OrchestratorId, hash: string, command: CommandId) => ({
  take: send(actionApproval, approval, 'take', { orchestrator, hash, command }),
  giveBack: () => send(actionApproval, approval, 'giveBack', { command }),
  within_ms: held_max_ms,
})

export const charterGate: Gate<'CHARTER_DENIED' | 'APPROVAL_REQUIRED'> = {
  about: 'Asks the charter of an orchestrator whether it, its daemons and its agents may write, start, claim or spawn this.',
  rejections: {
    CHARTER_DENIED: forbidden('The charter of the orchestrator denies this.'),
    APPROVAL_REQUIRED: conflict('The charter of the orchestrator wants this approved: ask for it and name the approval in Baton-Approval.'),
  },
  guards: ({ gated, internal, scope = 'write' }) => gated !== undefined || (!internal && scope === 'write'),

  ask(wish, context) {
    const id = heeded(context)
    if (id === null) return undefined
    const known = context.look(orchestratorState, id)
    if (known.stage === 'unknown' || known.guarded.charterVersion === null) return undefined
    const charter = context.look(charterState, id)
    const envelope = envelopeOf(wish)
    const { verdict, rule } = judged(termsOf(charter), envelope)
    if (verdict === 'allowed') return undefined
    const [orchestrator, hash] = [OrchestratorId.parse(id), hashOf(envelope)]
    if (verdict === 'denied') {
      const { action, path = null } = envelope
      const violated = { orchestrator, action, command: null, path, hash, rule: rule!, charterVersion: charter.active }
      return {
        refusal: reject('CHARTER_DENIED', { rule }),
        record: send(charterViolation, hourOf(orchestrator, context.at), 'record', violated),
      }
    }
    const { approval, commandId } = context
    return {
      refusal: reject('APPROVAL_REQUIRED', { envelope, hash }),
      hold: approval === undefined ? undefined : approved(approval, orchestrator, hash, CommandId.parse(commandId)),
    }
  },
}
