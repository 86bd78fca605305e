import { readFileSync } from 'node:fs'
import http from 'node:http'

/** The middle one, or halfway between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = NaN, high = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return (low + high) / 2
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** Calls `run` with so many under way for so long; returns calls per second. */
export async function rate(inFlight: number, for_ms: number, run: () => Promise<unknown>): Promise<number> {
  const started_ms = performance.now()
  const end_ms = started_ms + for_ms
  let count = 0
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (performance.now() < end_ms) {
      await run()
      count++
    }
  }))
  return (count / (performance.now() - started_ms)) * 1_000
}

/** Resident memory of a process in MB, where the kernel tells it. */
export function resident_mb(pid: number): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024)
  } catch {
    return NaN
  }
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })

/** The leanest HTTP client there is, so that what is measured is the server. Rejects on anything but 2xx. */
export function post(url: string, key: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
      response.once('end', () => (response.statusCode! < 300 ? resolve(text) : reject(new Error(`${response.statusCode}: ${text}`))))
    })
    request.once('error', reject)
    request.end(body)
  })
}

export const closeConnections = (): void => agent.destroy()
