import type { Decider } from 'shared-domain/kernel/decider.ts'
import { schemaId } from 'shared-domain/kernel/event-schema.ts'
import { versionOf } from 'shared-domain/kernel/events.ts'
import type { Push } from 'shared-domain/kernel/push.ts'
import { definitionsOf } from 'shared-domain/kernel/stored.ts'
import { z } from 'zod'
import { Fact } from './facts.ts'
import { Wish } from './live/wish.ts'

type Told = Readonly<Record<string, unknown>>

const reference = (path: string) => ({ $ref: `#/${path}` })
const schemaOf = (schema: z.ZodType): Told => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' }) as Told
  return rest
}
const position = { type: 'string', pattern: '^\\d{1,19}$', description: 'Position in the log.' }
const object = (properties: Told): Told => ({ type: 'object', properties, required: Object.keys(properties) })

/** What server-sent events say besides facts. */
const frames = {
  gap: object({ from: position, to: position, reason: { enum: ['ahead', 'other-log'] } }),
  'caught-up': object({ position }),
  end: object({ code: { type: 'string' } }),
}

/** Everything that Baton pushes, as AsyncAPI 3.0 has it. */
export function asyncApi(deciders: readonly Decider[], pushes: readonly Push[] = []): Told {
  const definitions = Object.entries(definitionsOf(deciders)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const types = definitions.map(([type]) => type)
  const cloudEvents = Object.fromEntries(types.map((type) => [type, reference(`components/messages/${type}`)]))
  const framed = Object.fromEntries(Object.keys(frames).map((name) => [name, reference(`components/messages/frame-${name}`)]))
  const channels = {
    events: {
      address: '/api/v1/events', title: 'Facts as server-sent events', servers: [reference('servers/gateway')],
      description: 'The facts of the organization of the key, in the order of the log. The id of an event is its position, from which a client goes on.',
      messages: { fact: reference('components/messages/fact'), ...cloudEvents, ...framed },
      bindings: { http: { bindingVersion: '0.3.0' } },
    },
    announcements: {
      address: 'baton.{organization}.{category}.{type}.{recipient}.{id}', title: 'Facts on NATS JetStream', servers: [reference('servers/nats')],
      description: 'Every fact once, in the order of the log, on the stream BATON_EVENTS.',
      parameters: {
        organization: { description: 'Whose it is.' }, category: { description: 'Of the stream.' }, type: { description: 'Of the fact.', enum: types },
        recipient: { description: 'The orchestrator that it concerns first, or `_`.' }, id: { description: 'Of the stream.' },
      },
      messages: cloudEvents,
      bindings: { nats: { bindingVersion: '0.1.0' } },
    },
  }
  const webhooks = {
    address: null, title: 'Facts as webhooks',
    description: 'CloudEvents, POSTed to the address of each webhook and signed as Standard Webhooks ask (`webhook-id`, `webhook-timestamp`, `webhook-signature`), at least once and in the order of each stream.',
    messages: cloudEvents, bindings: { http: { bindingVersion: '0.3.0' } },
  }
  const sockets = {
    address: '/socket.io', title: 'Socket.IO', servers: [reference('servers/gateway')],
    description: 'Key by the handshake auth `key` or by Authorization. `subscribe` {topics, after?, facts?} answers {position} or {code}, `unsubscribe` {topics}; topics are organization, and orchestrator, agent, task, decision, workspace and channel with an id behind a colon.',
    messages: Object.fromEntries([...pushes.map(({ event }) => event), 'fact', 'gap', 'end'].map((event) =>
      [event.replace(':', '-'), reference(`components/messages/${event in frames ? `frame-${event}` : event.replace(':', '-')}`)])),
  }
  const pushed = { ...channels, ...(pushes.length > 0 ? { sockets } : {}), webhooks }
  return {
    asyncapi: '3.0.0',
    info: { title: 'Baton', version: '1', description: 'What Baton pushes. Whatever it is, it carries its position in the log.', license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    servers: {
      gateway: { host: '127.0.0.1:8080', protocol: 'http', description: 'The gateway.', security: [reference('components/securitySchemes/bearer')] },
      nats: { host: '127.0.0.1:4222', protocol: 'nats', description: 'NATS, where everybody reads.' },
    },
    channels: pushed,
    operations: Object.fromEntries(Object.keys(pushed).map((name) => [name, { action: 'send', channel: reference(`channels/${name}`) }])),
    components: {
      schemas: { Fact: schemaOf(Fact), Wish: schemaOf(Wish) },
      messages: {
        fact: { title: 'A fact as it is shown to callers', contentType: 'application/json', payload: reference('components/schemas/Fact') },
        ...Object.fromEntries(pushes.map(({ event, about, facts }) => [event.replace(':', '-'), {
          name: event, title: event, summary: `${about} Of ${facts.join(', ')}.`, contentType: 'application/json',
          payload: object({ position, at: { type: 'string', format: 'date-time' } }),
        }])),
        ...Object.fromEntries(definitions.map(([type, definition]) => [type, {
          title: type, summary: definition.about, contentType: 'application/cloudevents+json',
          payload: {
            type: 'object', required: ['specversion', 'id', 'source', 'type', 'data'],
            properties: {
              specversion: { const: '1.0' }, id: { type: 'string' }, source: { type: 'string' }, type: { const: `baton.${type}` },
              dataschema: { const: schemaId(type, versionOf(definition)) }, position,
              data: { type: 'object', description: `As GET /schemas/${type}/${versionOf(definition)} says.` },
            },
          },
        }])),
        ...Object.fromEntries(Object.entries(frames).map(([name, payload]) => [`frame-${name}`, { name, title: `The frame ${name}`, contentType: 'application/json', payload }])),
      },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'An API key, `bk_...`.' } },
    },
  }
}
