import { lookup as lookUp, type LookupAddress } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { patienceIn } from 'shared-domain/kernel/outlet.ts'
import { destinationOf, forbidden, isForbidden, mayReach, type Reach, type Scheme } from 'shared-domain/kernel/destination.ts'

/** What became of a request: `error` where there was no answer to the end, or none that is taken. */
export interface Answered {
  readonly status: number | null
  readonly ms: number
  readonly error: string | null
  /** The first characters of the answer. */
  readonly answer: string | null
  readonly retryAfter_s: number
}

/** All addresses of a name, as the resolver knows them now. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

export const systemResolve: Resolve = (host) => new Promise((resolve, reject) =>
  lookUp(host, { all: true, verbatim: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))))

export interface Bounds {
  readonly connect_ms: number
  readonly total_ms: number
}

export const usualBounds: Bounds = { connect_ms: 5_000, total_ms: 15_000 }

const answerRead_max = 1_024
const answerKept_max = 256
const sockets_max = 64

class Forbidden extends Error {}

/** A text that Postgres takes, whatever came. */
const plain = (text: string) => text.replaceAll('\0', '\u{fffd}')

export interface Poster {
  post(url: string, reach: Reach, headers: Readonly<Record<string, string>>, body: string): Promise<Answered>
  close(): void
}

/**
 * Sends to addresses outside: only to those that may be reached, whatever names mean and when. A name is looked up at every connect, all
 * its addresses must be allowed, and the one that was looked at is the one that is connected to. Nothing is followed, kept or trusted.
 */
export function poster(resolve: Resolve = systemResolve, bounds: Bounds = usualBounds): Poster {
  const agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: sockets_max }), 'https:': new https.Agent({ keepAlive: true, maxSockets: sockets_max }),
  }

  const checkedLookup = (scheme: Scheme, reach: Reach): LookupFunction => (host, { all }, done) => {
    resolve(host).then((addresses) => {
      const [first] = addresses
      if (!first) throw new Error(`${host} has no address`)
      const barred = addresses.find(({ address }) => !mayReach(address, scheme, reach))
      if (barred) throw new Forbidden(`${host} leads to ${barred.address}, which is not reached`)
      if (all) (done as (error: null, all: readonly LookupAddress[]) => void)(null, addresses)
      else done(null, first.address, first.family)
    }).catch((error: NodeJS.ErrnoException) => done(error, '', 0))
  }

  return {
    async post(url, reach, headers, body) {
      const begun_ms = performance.now()
      const ended = (more: Partial<Answered>): Answered =>
        ({ status: null, error: null, answer: null, retryAfter_s: 0, ...more, ms: Math.round(performance.now() - begun_ms) })
      const destination = destinationOf(url)
      if (typeof destination === 'string' || isForbidden(destination, reach)) return ended({ error: forbidden })
      try {
        return ended(await exchanged(destination.scheme, destination.url, reach, headers, body))
      } catch (error) {
        return ended({ error: error instanceof Forbidden ? forbidden : plain((error as Error).message).slice(0, answerKept_max) || 'failed' })
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }

  function exchanged(scheme: Scheme, url: string, reach: Reach, headers: Readonly<Record<string, string>>, body: string): Promise<Partial<Answered>> {
    const { request } = scheme === 'https:' ? https : http
    const { promise, resolve: done, reject } = Promise.withResolvers<Partial<Answered>>()
    const asked = request(url, {
      method: 'POST', agent: agents[scheme], lookup: checkedLookup(scheme, reach),
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)), 'user-agent': 'Baton' },
    })
    const total = setTimeout(() => asked.destroy(new Error(`no answer within ${bounds.total_ms} ms`)), bounds.total_ms)
    const connecting = setTimeout(() => asked.destroy(new Error(`no connection within ${bounds.connect_ms} ms`)), bounds.connect_ms)
    const connected = () => clearTimeout(connecting)
    asked.once('socket', (socket) => (socket.connecting ? socket.once(scheme === 'https:' ? 'secureConnect' : 'connect', connected) : connected()))
    asked.once('error', reject)
    asked.once('response', (response) => {
      const { statusCode: status = 0, headers: told } = response
      const chunks: Buffer[] = []
      let size = 0
      const end = () => {
        const answer = plain(Buffer.concat(chunks).toString('utf8', 0, answerRead_max)).slice(0, answerKept_max)
        const isTaken = status >= 200 && status < 300
        done({ status, answer: answer || null, error: isTaken ? null : `HTTP ${status}`, retryAfter_s: status === 429 || status === 503 ? patienceIn(told['retry-after'], Date.now()) : 0 })
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size < answerRead_max) return
        // Whatever else it has to say is not read.
        end()
        asked.destroy()
      })
      response.once('end', end)
      response.once('error', reject)
      response.once('aborted', () => reject(new Error('the answer was cut')))
    })
    asked.end(body)
    return promise.finally(() => {
      clearTimeout(total)
      connected()
    })
  }
}
