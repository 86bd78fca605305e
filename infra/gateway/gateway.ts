import { once } from 'node:events'
import { lookup } from 'node:dns/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { isIPv6, type AddressInfo } from 'node:net'
import { isSocketUrl } from 'shared-service/addresses.ts'
import { correlationOf } from 'shared-service/correlation.ts'
import { listener } from 'shared-service/listener.ts'
import { hasNoHost, hostless, misspelt, otherMethods, pathOf, Problem, problemOf, withoutRoute } from 'shared-service/problems.ts'
import { sayingAs } from 'shared-service/program.ts'
import { shields } from 'shared-service/shields.ts'
import { said } from './asking.ts'
import type { Config } from './config.ts'
import { descriptions } from './descriptions.ts'
import type { Documentation } from './documentation.ts'
import { sayJson, sayProblem, type Exchange } from './exchange.ts'
import { upstream } from './forward.ts'
import type { Pages } from './site.ts'

export interface Gateway {
  /** Begins to listen where the settings say. */
  listen(): Promise<string>
  /** Whatever is under way ends. */
  close(): Promise<void>
}

const verbs: Readonly<Record<string, 'command' | 'query'>> = { POST: 'command', PUT: 'command', PATCH: 'command', DELETE: 'command', GET: 'query', HEAD: 'query' }

const isBelow = (path: string, place: string) => path.startsWith(place) && (path.length === place.length || path[place.length] === '/')

/** Of the pages for people. */
const place = '/app'

/** What the query service says of itself and of facts, for everybody. */
const documents = ['/asyncapi.json', '/llms.txt']

/** For whoever comes without a browser and without a word of what this is. */
const whereToLook = {
  name: 'Baton', about: 'The control plane for fleets of AI orchestrators.', dashboard: '/app', docs: '/docs', openapi: '/openapi.json', asyncapi: '/asyncapi.json', schemas: '/schemas', llms: '/llms.txt', api: '/api/v1', health: '/healthz',
}

/**
 * One port in front of the command service (what changes something) and the query service (what asks). Plain HTTP of Node, since all it
 * does with most requests is to hand them on.
 */
export async function gateway(config: Config): Promise<Gateway> {
  const warn = warner(config.logLevel)
  const described = descriptions(config)
  const { methodsAt } = described
  const query = await upstream({ url: config.queryUrl, name: 'The query service', methodsAt, warn })
  const isQuestion = ({ method, url }: Exchange) => described.isQuestion(method, url)
  const elsewhere = (exchange: Exchange) => (isQuestion(exchange) ? query : undefined)
  const upstreams = { query, command: await upstream({ url: config.commandUrl, name: 'The command service', methodsAt, warn, elsewhere }) }
  const mcp = config.mcpUrl === undefined ? undefined : await upstream({ url: config.mcpUrl, name: 'The server of the Model Context Protocol', methodsAt, warn })
  let docs: Promise<Documentation> | undefined
  let pagesForPeople: Promise<Pages> | undefined

  const pages: Readonly<Record<string, (exchange: Exchange) => void | Promise<void>>> = {
    '/': welcome,
    '/healthz': (exchange) => health(config, exchange),
    '/openapi.json': async (exchange) => sayJson(exchange, 200, await described.document()),
  }

  async function answer(exchange: Exchange): Promise<void> {
    const { request, response, method, path } = exchange
    if (hasNoHost(request)) throw hostless()
    refuseDetours(path)
    const verb = Object.hasOwn(verbs, method) ? verbs[method] : undefined
    if (isBelow(path, '/api')) {
      if (verb) return upstreams[verb === 'command' && isQuestion(exchange) ? 'query' : verb].forward(exchange)
      const allow = await methodsAt(exchange.url) ?? Object.keys(verbs).sort()
      throw allow.length > 0 ? otherMethods(allow) : withoutRoute()
    }
    if (isBelow(path, '/docs')) {
      docs ??= import('./documentation.ts').then(({ documentation }) => documentation(config.logLevel, described))
      return (await docs).answer(request, response)
    }
    if (isBelow(path, place)) {
      pagesForPeople ??= Promise.all([import('./site.ts'), import('dashboard/site.ts')]).then(([{ pagesAt }, { site }]) => pagesAt(place, site))
      return (await pagesForPeople).answer(exchange)
    }
    if (isBelow(path, '/schemas') || documents.includes(path)) {
      if (verb !== 'query') throw otherMethods(['GET', 'HEAD'])
      return upstreams.query.forward(exchange)
    }
    if (isSocketUrl(path)) return upstreams.query.forward(exchange)
    if (mcp && path === '/mcp') return mcp.forward(exchange)
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (!page) throw withoutRoute()
    if (verb !== 'query') throw otherMethods(['GET', 'HEAD'])
    return page(exchange)
  }

  const servers: Server[] = []
  return {
    async listen() {
      let { port } = config
      const addresses = await lookup(config.host, { all: true })
      for (const { address } of addresses) {
        const server = listener((request, response) => {
          const exchange = exchangeOf(request, response)
          answer(exchange).catch((error: unknown) => {
            const problem = problemOf(error)
            if (problem.code === 'INTERNAL_ERROR') warn(error, 'a request failed')
            sayProblem(exchange, problem)
          })
        })
        server.on('upgrade', (request, socket, head) => upstreams.query.tunnel(request, socket, head))
        await once(server.listen(port, address), 'listening')
        port = (server.address() as AddressInfo).port
        servers.push(server)
      }
      return `http://${isIPv6(config.host) ? `[${config.host}]` : config.host}:${port}`
    },
    async close() {
      await Promise.all(servers.map((server) => new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })))
      for (const { close } of Object.values(upstreams)) close()
      mcp?.close()
      await (await docs)?.close()
    },
  }
}

function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  const given = request.url ?? '/'
  // Whoever takes this for a proxy sends the whole address.
  const url = given.startsWith('/') ? given : given.replace(/^https?:\/\/[^/?#]*\/?/i, '/')
  return { request, response, correlationId: correlationOf(request), method: request.method ?? '', url, path: pathOf(url) }
}

/** A path that stands for no text, or that leads out of where it begins, also when it is decoded on the way. */
function refuseDetours(path: string) {
  if (!/%|\.\./.test(path)) return
  const text = decoded(path)
  if (text === undefined) throw misspelt()
  if (/(^|[/\\])\.\.([/\\]|$)/.test(text)) throw new Problem('VALIDATION_ERROR', 'The path has .. in it; write where it leads.')
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

function welcome(exchange: Exchange) {
  const { request, response, correlationId } = exchange
  if (!request.headers.accept?.includes('text/html')) return sayJson(exchange, 200, whereToLook, { vary: 'accept' })
  response.writeHead(302, { ...shields, location: place, vary: 'accept', 'x-correlation-id': correlationId, 'content-length': 0 }).end()
}

async function health({ commandUrl, queryUrl }: Config, exchange: Exchange) {
  const isWell = (url: string) => said(`${url}/healthz`).then(({ isOk }) => isOk, () => false)
  const [command, query] = await Promise.all([isWell(commandUrl), isWell(queryUrl)])
  const word = (well: boolean) => (well ? 'ok' : 'unavailable')
  sayJson(exchange, command && query ? 200 : 503, { status: word(command && query), services: { command: word(command), query: word(query) } }, { 'cache-control': 'no-store' })
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Says in the log what went wrong, where it wants to know. */
function warner(logLevel: string) {
  const say = sayingAs('gateway')
  const isHeard = levels.indexOf(logLevel) <= levels.indexOf('warn')
  return (error: unknown, msg: string) => { if (isHeard) say({ level: 40, time: Date.now(), err: { message: String(error), stack: (error as Error).stack }, msg }) }
}
