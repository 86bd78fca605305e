import { z } from 'zod'
import { decider, reject, type Circumstances, type Context, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { conflict } from '../../kernel/refusal.ts'
import { later, second_ms } from '../../kernel/time.ts'
import { CommandId, OrchestratorId } from '../../vocabulary.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { EmailAddress, Keeping } from './events.ts'
import { addressId, emailAddressState, type EmailAddressState } from './state.ts'

type Keeping = z.output<typeof Keeping>
type Taken = Exclude<EmailAddressState, { use: 'free' }>

/** A reservation that no profile has confirmed by then is given back. */
export const emailReservation_ms = 30 * second_ms

const isBy = (state: EmailAddressState, { orchestrator, command }: Keeping): boolean =>
  state.use !== 'free' && state.orchestrator === orchestrator && state.command === command

/** Whether the profile of this orchestrator has the address, whatever this stream has heard of it. */
function isKept(orchestrator: OrchestratorId, { id, organization, look }: Context): boolean {
  const known = look(orchestratorState, orchestrator)
  return known.stage === 'registered' && known.profile.email !== null && addressId(organization, known.profile.email) === id
}

/** What is not kept is free again; what is kept stays, whoever thought otherwise. */
function settled(state: Taken, reason: 'changed' | 'archived' | 'not-started' | 'expired', context: Context) {
  const { orchestrator, command, use } = state
  if (!isKept(orchestrator, context)) return [EmailAddress.EmailReleased({ orchestrator, command, reason })]
  return use === 'reserved' ? [EmailAddress.EmailConfirmed({ orchestrator, command })] : []
}

/** Of all who want the address at the same moment one gets it: it is taken on its own stream before any profile names it. */
export function keeping(email: string, { id, organization, commandId }: Circumstances): Hold {
  const own = { orchestrator: OrchestratorId.parse(id), command: CommandId.parse(commandId) }
  const address = addressId(organization, email)
  return {
    take: send(emailAddress, address, 'reserve', own),
    giveBack: () => send(emailAddress, address, 'release', { ...own, reason: 'not-started' }),
    within_ms: emailReservation_ms,
  }
}

export const emailAddress = decider(emailAddressState, {
  collection: 'email-addresses',
  rejections: {
    DUPLICATE_EMAIL: conflict('Another orchestrator has this email address, or is about to have it.'),
  },

  commands: {
    reserve: {
      about: 'Let one orchestrator, and no other, have this address.',
      internal: true,
      data: Keeping,
      decide(state, wanted, { at }) {
        const reserved = [EmailAddress.EmailReserved(wanted)]
        if (state.use === 'free') return reserved
        // Its time begins anew with a repetition, whose profile may be stored as much later.
        if (isBy(state, wanted)) return state.use === 'reserved' && state.since !== at ? reserved : []
        // One that has given it up may have it again before that was heard of here.
        return state.use === 'confirmed' && state.orchestrator === wanted.orchestrator ? reserved : reject('DUPLICATE_EMAIL')
      },
    },

    confirm: {
      about: 'The profile has the address.',
      internal: true,
      data: Keeping,
      decide(state, kept, context) {
        if (isBy(state, kept)) return state.use === 'reserved' ? [EmailAddress.EmailConfirmed(kept)] : []
        // Said of a profile that had it before, or so late that the reservation had expired.
        if (!isKept(kept.orchestrator, context)) return []
        if (state.use === 'free') return [EmailAddress.EmailConfirmed(kept)]
        return state.orchestrator === kept.orchestrator ? [] : reject('DUPLICATE_EMAIL')
      },
    },

    release: {
      about: 'Give up the reservation of a command that led to nothing; without a command, the address that the orchestrator had.',
      internal: true,
      data: z.object({
        orchestrator: OrchestratorId, command: CommandId.optional(), reason: z.enum(['changed', 'archived', 'not-started']),
      }),
      decide(state, { orchestrator, command, reason }, context) {
        if (state.use === 'free' || state.orchestrator !== orchestrator) return []
        const isMeant = command === undefined ? state.use === 'confirmed' : state.use === 'reserved' && state.command === command
        return isMeant ? settled(state, reason, context) : []
      },
    },

    expire: {
      about: 'The time of a reservation is up: it is confirmed if the profile has the address, else given back.',
      internal: true,
      data: Keeping,
      decide(state, reserved, context) {
        if (state.use !== 'reserved' || !isBy(state, reserved) || context.at < later(state.since, emailReservation_ms)) return []
        return settled(state, 'expired', context)
      },
    },
  },
})
