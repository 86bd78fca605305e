import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import { apiKey } from 'shared-domain/fleet/key/decider.ts'
import { scopes } from 'shared-domain/kernel/decider.ts'
import { fingerprintOf } from './auth.ts'
import type { Handle } from './handle.ts'
import { newId } from './new-id.ts'

/**
 * Sees to it that the organization has an admin key. A given key is made valid, every time; without one a key is made at the very first
 * start and returned, to be shown once.
 */
export async function bootstrap(handle: Handle, db: Kysely<any>, organization: string, given: string | undefined): Promise<string | undefined> {
  if (given) {
    await admit(handle, organization, given)
    return undefined
  }
  return db.transaction().execute(async (trx) => {
    const { numInsertedOrUpdatedRows } = await trx.insertInto('bootstrap').values({ organization }).onConflict((c) => c.doNothing()).executeTakeFirst()
    if (!numInsertedOrUpdatedRows) return undefined
    const made = `bk_${randomBytes(32).toString('base64url')}`
    await admit(handle, organization, made)
    return made
  })
}

async function admit(handle: Handle, organization: string, key: string) {
  const { id, hash, prefix } = fingerprintOf(key)
  const commandId = newId()
  const wish = apiKey.commands.generateForOrganization.data.parse({ name: 'bootstrap', scopes: [...scopes] })
  await handle(apiKey, 'generateForOrganization', wish, {
    id, by: { kind: 'process', id: 'bootstrap' }, organization, at: new Date().toISOString(), commandId, repeatable: false,
    correlationId: commandId, causationId: commandId, secret: { hash, prefix },
  })
}
