import { FORWARDS, START, type EventStoreDBClient } from '@eventstore/db-client'
import { sql, type Kysely } from 'kysely'
import { heard } from 'shared-service/heard.ts'

/**
 * Refuses to go on with another log than before: checkpoints, timers and the note that an admin key was made mean nothing there. A log is
 * known by the id of its very first event.
 */
export async function sameLog(client: EventStoreDBClient, db: Kysely<any>): Promise<void> {
  let log: string | undefined
  // Read to the end: a read that is left early keeps the client from ending.
  for await (const { event } of heard(client.readAll({ direction: FORWARDS, fromPosition: START, maxCount: 1 }))) log = event?.id
  if (log === undefined) throw new Error('the event store holds nothing yet, not even an event of its own: try again in a moment')
  await sql`insert into followed_log (first_event) values (${log}) on conflict do nothing`.execute(db)
  const before = await db.selectFrom('followed_log').select('first_event').executeTakeFirstOrThrow()
  if (before.first_event === log) return
  throw new Error(`this database belongs to another log (it begins with ${before.first_event}, this one with ${log}): `
    + 'point EVENTSTORE_URL to that log, or use an empty database')
}
