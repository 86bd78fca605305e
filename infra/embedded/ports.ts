import { createSocket } from 'node:dgram'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { z } from 'zod'
import { StartFailure } from './start-failure.ts'

const Port = z.int().min(1).max(65_535)
const Remembered = z.record(z.string(), Port)

// Below the range that the kernel hands out for outgoing connections, so that nobody is given the port before it is bound.
const FREE_FROM = 20_000
const FREE_TO = 32_000
const ATTEMPTS_MAX = 100

export const isFree = (port: number) => new Promise<boolean>((resolve) => {
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
})

/**
 * Promises a port to this process until it ends: whoever it is meant for binds it a moment later, and two that choose at once must not
 * choose the same. The UDP port of the same number is the promise; nothing here listens on one.
 */
const isMine = (port: number) => new Promise<boolean>((resolve) => {
  const promise = createSocket('udp4').once('error', () => resolve(false))
  promise.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
    promise.unref()
    resolve(true)
  })
})

/** A port on loopback that nobody listens on, that was promised to nobody here, and none of `taken`. */
export async function freePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = FREE_FROM + Math.floor(Math.random() * (FREE_TO - FREE_FROM))
    if (!taken.has(port) && await isMine(port) && await isFree(port)) return port
  }
  throw new StartFailure(`No free port was found between ${FREE_FROM} and ${FREE_TO} on 127.0.0.1.`)
}

export interface PortWishes<Name extends string> {
  readonly defaults: Readonly<Record<Name, number>>
  /** Ports that somebody asked for by name: taken exactly, or refused. */
  readonly asked?: Readonly<Partial<Record<Name, number>>>
  /** Where the choice is kept, so that a second start has the same ports. Absent: any free port will do. */
  readonly file?: string | undefined
  readonly log?: (line: string) => void
}

/** One port for each name: the one asked for, else the one of last time, else the default, else a free one (said in `log`). */
export async function choosePorts<Name extends string>(wishes: PortWishes<Name>): Promise<Record<Name, number>> {
  const { defaults, asked, file, log = () => {} } = wishes
  const remembered = file === undefined ? {} : read(file)
  const chosen: Record<string, number> = {}
  const taken = new Set<number>()
  for (const name of Object.keys(defaults) as Name[]) {
    const exact = asked?.[name]
    const wish = exact ?? remembered[name] ?? defaults[name]
    const isHad = (file !== undefined || exact !== undefined) && !taken.has(wish) && await isFree(wish)
    if (!isHad && exact !== undefined) {
      throw new StartFailure(`Port ${exact} on 127.0.0.1, asked for ${name}, is in use: end what listens there, or ask for another port.`)
    }
    const port = isHad ? wish : await freePort(taken)
    if (isHad) await isMine(wish)
    if (!isHad && file !== undefined) log(`port ${wish} is in use by something else, so ${name} takes ${port}`)
    taken.add(port)
    chosen[name] = port
  }
  if (file !== undefined) write(file, { ...remembered, ...chosen })
  return chosen as Record<Name, number>
}

function read(file: string): Record<string, number> {
  try {
    return Remembered.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return {}
  }
}

function write(file: string, ports: Record<string, number>) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(ports, undefined, 2)}\n`)
}
