import { ProtocolError, Server } from '@modelcontextprotocol/server'
import type { Api } from '../api.ts'
import { read, resources, templates } from './resources.ts'
import type { Session } from './session.ts'
import { Subscriptions } from './subscriptions.ts'

const invalid_params = -32602
const not_found = -32002

const instructions = 'Baton hands out work. Claim a task, read its context, work, report progress, then complete it, fail it or give it back. '
  + 'A refusal says in `next` what to do. Ids are uuids; `position` of an answer, given as minPosition, is waited for by a question.'

interface Serving {
  readonly session: Session
  /** Where Baton is, and whose it is. */
  readonly url: string
  readonly key: string
  readonly api: Api
}

/** A session as the protocol wants it. */
export function serverFor({ session, url, key, api }: Serving): Server {
  const server = new Server({ name: 'baton', version: '1.0.0' }, { capabilities: { tools: {}, resources: { subscribe: true } }, instructions })
  const subscriptions = new Subscriptions({ url, key }, (uri) => void server.sendResourceUpdated({ uri }).catch(() => undefined))

  server.setRequestHandler('tools/list', () => ({
    tools: session.tools.map(({ name, about, input, hints }) => ({
      name, description: about, inputSchema: input as never,
      annotations: { readOnlyHint: hints.readOnly, destructiveHint: hints.destructive, idempotentHint: hints.idempotent, openWorldHint: false },
    })),
  }))

  server.setRequestHandler('tools/call', async ({ params: { name, arguments: said = {} } }) => {
    const told = await session.use(name, said, api)
    if (!told) throw new ProtocolError(invalid_params, `There is no tool ${name}.`)
    return { isError: told.isError, structuredContent: told.content, content: [{ type: 'text', text: JSON.stringify(told.content) }] }
  })

  server.setRequestHandler('resources/list', () => ({ resources: resources.map((resource) => ({ ...resource, mimeType: 'application/json' })) }))
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: templates.map((template) => ({ ...template, mimeType: 'application/json' })) }))
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => {
    const said = await read(uri, { api: api, orchestrator: session.orchestrator })
    if (said === undefined) throw new ProtocolError(not_found, `There is no resource ${uri}.`)
    return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify(said) }] }
  })
  server.setRequestHandler('resources/subscribe', ({ params: { uri } }) => {
    if (!subscriptions.add(uri)) throw new ProtocolError(invalid_params, 'There are as many subscriptions as may be.')
    return {}
  })
  server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
    subscriptions.delete(uri)
    return {}
  })

  server.onclose = () => {
    subscriptions.close()
    void session.close()
  }
  return server
}
