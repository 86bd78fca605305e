import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import { sha256 } from '../../kernel/sha-256.ts'
import { EmailAddress, type EmailAddressEvent, type Keeping } from './events.ts'

export type EmailAddressState =
  | { readonly use: 'free' }
  | z.output<typeof Keeping> & { readonly use: 'reserved'; readonly since: string }
  | z.output<typeof Keeping> & { readonly use: 'confirmed' }

const evolve: Evolve<EmailAddressState, EmailAddressEvent> = {
  EmailReserved: (_, keeping, { at: since }) => ({ ...keeping, use: 'reserved', since }),
  EmailConfirmed: (_, keeping) => ({ ...keeping, use: 'confirmed' }),
  EmailReleased: () => ({ use: 'free' }),
}

export const emailAddressState = fold('emailAddress', EmailAddress, { use: 'free' }, evolve)

/** The id of the stream on which an organization says whose an address is: it tells nobody the address. */
export const addressId = (organization: string, email: string): string => sha256(`${organization} ${email}`)
