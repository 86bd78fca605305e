import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import { apiKey } from 'shared-domain/fleet/key/decider.ts'
import { admit, apiKeyState } from 'shared-domain/fleet/key/state.ts'
import { organization as organizations } from 'shared-domain/fleet/organization/decider.ts'
import { scopes } from 'shared-domain/kernel/decider.ts'
import { fingerprintOf } from './auth.ts'
import type { Handle, Request } from './request.ts'
import { newId } from 'shared-service/new-id.ts'
import type { Streams } from './store/streams.ts'

interface Hosts {
  readonly handle: Handle
  readonly streams: Streams
  readonly db: Kysely<any>
}

/** The key that the configuration gives, if it does, and what it calls it. */
interface Given {
  readonly variable: string
  readonly key: string | undefined
}

/**
 * Sees to it that an organization is there and has an admin key: the given one, which is made when it is new; without one a key is made
 * at the very first start and shown. Throws a sentence when the given key speaks for somebody else, or no more.
 */
export async function bootstrap({ handle, streams, db }: Hosts, organization: string, { variable, key }: Given, show: (key: string) => void) {
  await begin(handle, organization)
  if (key) {
    await make(handle, organization, key)
    const { id, hash } = fingerprintOf(key)
    const principal = admit((await streams.refreshed(apiKeyState, id)).state, id, hash, new Date().toISOString(), false)
    if (typeof principal === 'string') throw new Error(`${variable} was revoked or has expired (${principal}): give another`)
    if (principal.organization !== organization) throw new Error(`${variable} belongs to the organization ${principal.organization}, not to ${organization}: give another`)
    return
  }
  await db.transaction().execute(async (trx) => {
    const { numInsertedOrUpdatedRows } = await trx.insertInto('bootstrap').values({ organization }).onConflict((c) => c.doNothing()).executeTakeFirst()
    if (!numInsertedOrUpdatedRows) return
    const made = `bk_${randomBytes(32).toString('base64url')}`
    await make(handle, organization, made)
    // Shown before it is noted that it was: whatever happens in between, the next start shows another, and nobody is locked out.
    show(made)
  })
}

/** A refusal says that it is there, under another name by now. */
async function begin(handle: Handle, slug: string) {
  const wish = organizations.commands.create.data.parse({ slug, name: slug })
  await handle(organizations, 'create', wish, { id: slug, ...circumstances(slug) })
}

async function make(handle: Handle, organization: string, key: string) {
  const { id, hash, prefix } = fingerprintOf(key)
  const wish = apiKey.commands.generateForOrganization.data.parse({ name: 'bootstrap', scopes: [...scopes] })
  await handle(apiKey, 'generateForOrganization', wish, { id, ...circumstances(organization), secret: { hash, prefix } })
}

function circumstances(organization: string): Omit<Request, 'id'> {
  const commandId = newId()
  return {
    by: { kind: 'process', id: 'bootstrap' }, actsFor: null, allowed: scopes, organization, at: new Date().toISOString(), commandId, repeatable: false,
    correlationId: commandId, causationId: commandId,
  }
}
