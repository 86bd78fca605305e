import { operators, Rejection, scopes, type Decider } from 'shared-domain/kernel/decider.ts'
import type { NotaryStand } from 'shared-domain/kernel/notary.ts'
import { newId } from 'shared-service/new-id.ts'
import { notaryKeysOf } from 'shared-service/notary-key.ts'
import type { Handle } from './request.ts'

interface Hosts {
  readonly handle: Handle
  readonly deciders: readonly Decider[]
  readonly notary: NotaryStand
}

/** Makes known the public keys of the file, where there is one. Throws a sentence when nobody vouches for a new one. */
export async function publishKeys({ handle, deciders, notary }: Hosts, file: string | undefined): Promise<void> {
  if (file === undefined) return
  const { id, category, command, data } = notary.publish(notaryKeysOf(file).keys)
  const decider = deciders.find((decider) => decider.category === category)!
  const commandId = newId()
  const outcome = await handle(decider, command, decider.commands[command]!.data.parse(data), {
    id, by: { kind: 'process', id: 'bootstrap' }, actsFor: null, allowed: scopes, organization: operators, at: new Date().toISOString(),
    commandId, repeatable: false, correlationId: commandId, causationId: commandId,
  })
  if (outcome instanceof Rejection)
    throw new Error(`NOTARY_KEY_FILE holds a key that the one which signed last does not vouch for (${JSON.stringify(outcome.detail)}): put that one before it`)
}
