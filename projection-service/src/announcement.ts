import { headers, type JsMsg, type MsgHdrs } from 'nats'
import { cloudEvent } from 'shared-domain/kernel/cloud-event.ts'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import type { Received } from './facts.ts'

/** What NATS is told of one fact. The same fact gives the same bytes. */
export interface Announcement {
  readonly id: string
  readonly position: string
  readonly subject: string
  readonly body: string
}

/** A part of a subject: no dots, blanks or wildcards. */
const token = (text: string) => text.replaceAll(/[^A-Za-z0-9_-]/g, '_') || '_'

/** All announcements, and nothing that has another number of parts. */
export const subjects = 'baton.*.*.*.*.*'

/** Subject `baton.<organization>.<category>.<EventType>.<recipient or _>.<id>` (S-66). */
export function announcementOf({ fact, provenance, eventId, position }: Received, definitions: Definitions): Announcement {
  const { organization, category, type, id, data } = fact!
  const definition = definitions[type]!
  const recipient = definition.recipient?.(data as never, id) ?? '_'
  return {
    id: eventId, position: String(position),
    subject: ['baton', organization, category, type, recipient, id].map(token).join('.'),
    body: JSON.stringify(cloudEvent(definition, fact!, provenance)),
  }
}

const [idHeader, positionHeader] = ['Nats-Msg-Id', 'Baton-Position']

export function headersOf({ id, position }: Announcement): MsgHdrs {
  const header = headers()
  header.set(idHeader, id)
  header.set(positionHeader, position)
  header.set('content-type', 'application/cloudevents+json')
  return header
}

type Message = Pick<JsMsg, 'subject' | 'headers' | 'string'>

/** True for the announcement itself, whoever published it: nobody can tell it from ours. */
export const says = (message: Message, { id, position, subject, body }: Announcement): boolean =>
  message.subject === subject && message.headers?.get(idHeader) === id && message.headers.get(positionHeader) === position
  && message.string() === body
