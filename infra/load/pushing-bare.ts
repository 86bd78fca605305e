/** What the measures of pushing are compared with, in a process of its own: servers that write what they are told to, and a target. */
import { once } from 'node:events'
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'

const open = new Set<ServerResponse>()
const stream = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  open.add(response)
  response.once('close', () => open.delete(response))
})
const socketed = createServer()
const io = new Server(socketed, { serveClient: false, transports: ['websocket'] })
let heard = 0
const target = createServer(async (request, response) => {
  if (request.url === '/count') return void response.end(String(heard))
  for await (const _ of request);
  heard++
  response.end()
})

const listening = async (server: HttpServer) => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

process.on('message', async ({ write, emit, times }: { write?: string; emit?: object; times: number }) => {
  for (let n = 0; n < times; n++) {
    if (write !== undefined) for (const response of open) response.write(write)
    if (emit !== undefined) io.emit('fact', emit)
    // As facts come one by one, not as one text.
    if (n % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
  }
})
process.send!({ stream: await listening(stream), sockets: await listening(socketed), target: await listening(target) })
