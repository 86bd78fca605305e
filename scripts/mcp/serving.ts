import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { once } from 'node:events'
import { Usage } from '../../infra/console/command.ts'
import { Api, type Who } from '../api.ts'
import { profileOf } from '../person/profile.ts'
import { serveHttp } from './http.ts'
import { serverFor } from './server.ts'
import { Session } from './session.ts'

/** What is said goes to the standard error: the standard output is the protocol's. */
const say = (line: string) => void process.stderr.write(`${line}\n`)

const ended = () => Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])

/** Until whoever asks goes away. */
export async function overStdio(root: string | undefined, mayWrite: boolean) {
  const { url, key } = profileOf(root)
  const api = new Api(url, key, { tries_max: 3 })
  const session = new Session(await api.get<Who>('/keys/validate'), { mayWrite })
  const server = serverFor({ session, url, key, api })
  const isOver = new Promise<void>((resolve) => {
    const { onclose } = server
    server.onclose = () => {
      onclose?.()
      resolve()
    }
  })
  await server.connect(new StdioServerTransport())
  const { organization, actor } = session.who
  say(`Baton at ${url} for ${actor.kind} ${actor.id} of ${organization}: ${session.tools.length} tools${mayWrite ? '' : ', reading only (--write offers the others)'}.`)
  await Promise.race([isOver, ended()])
  await session.close()
  await server.close()
}

/** Until the process is told to end. */
export async function overHttp(address: string, root: string | undefined, mayWrite: boolean) {
  const { hostname, port } = URL.parse(`http://${address}`) ?? {}
  if (!hostname) throw new Usage(`--http is an address such as 127.0.0.1:8790, not "${address}".`)
  const url = process.env.BATON_URL || profileOf(root).url
  const origins = (process.env.MCP_ORIGINS ?? '').split(',').filter(Boolean)
  const serving = await serveHttp({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), url, mayWrite, origins })
  say(`Model Context Protocol for ${url} at http://${hostname}:${serving.port}/mcp; every request shows its own key.`)
  await ended()
  await serving.close()
}
