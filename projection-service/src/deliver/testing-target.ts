import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface Heard {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly event: any
}

type Answer = (heard: Heard, response: ServerResponse, request: IncomingMessage) => void

export const say = (status: number, headers: Record<string, string> = {}, body = ''): Answer => (_, response) => void response.writeHead(status, headers).end(body)

/** An HTTP server that answers as it is told to: somebody outside. */
export async function outsider(t: Test, host = '127.0.0.1') {
  const heard: Heard[] = []
  const told = { answer: say(200) as Answer, connections: 0 }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const one = { url: request.url!, headers: request.headers, body, event: body.startsWith('{') ? JSON.parse(body) : undefined }
    heard.push(one)
    told.answer(one, response, request)
  }).on('connection', () => { told.connections++ })
  await once(server.listen(0, host), 'listening')
  t.teardown(() => new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  }))
  const { port } = server.address() as AddressInfo
  return { heard, told, port, url: (path = '/hook') => `http://${host}:${port}${path}` }
}
