import { setTimeout as pause } from 'node:timers/promises'
import type { Times } from './times.ts'

export type Document = Readonly<Record<string, any>>

/** An answer that says no: whoever asks the same again is told the same. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  readonly document: Document
  constructor(status: number, document: Document) {
    super(`${document.code}: ${document.detail ?? document.title ?? status}`)
    this.status = status
    this.code = String(document.code ?? `HTTP_${status}`)
    this.document = document
  }
}

const request_ms = 15_000

/**
 * Baton over HTTP. Refusals are answers; what asks for patience, and what does not answer, is asked again until the signal: after the time
 * that it says, or after longer and longer.
 */
export class Api {
  readonly #url: string
  readonly #key: string
  readonly #retry_ms: Times['retry_ms']
  /** When Baton answered last, by the monotonic clock. */
  answered_ms = performance.now()

  constructor(url: string, key: string, retry_ms: Times['retry_ms']) {
    this.#url = `${url.replace(/\/$/, '')}/api/v1`
    this.#key = key
    this.#retry_ms = retry_ms
  }

  get<T extends Document = Document>(path: string, signal: AbortSignal): Promise<T> {
    return this.ask('GET', path, undefined, {}, signal) as Promise<T>
  }

  post<T extends Document = Document>(path: string, body: object, signal: AbortSignal, headers: Record<string, string> = {}): Promise<T> {
    return this.ask('POST', path, body, headers, signal) as Promise<T>
  }

  async ask(method: string, path: string, body: object | undefined, headers: Record<string, string>, signal: AbortSignal): Promise<Document> {
    for (let wait_ms = this.#retry_ms.first; ; wait_ms = Math.min(this.#retry_ms.most, 2 * wait_ms)) {
      const answer = await this.once(method, path, body, headers, signal).catch((error: unknown) => {
        if (error instanceof Refused || signal.aborted) throw error
        return error as Error
      })
      if (!(answer instanceof Error) && !(answer instanceof Later)) return answer
      await pause(answer instanceof Later ? answer.after_ms ?? wait_ms : wait_ms, undefined, { signal })
    }
  }

  /** Asked once: throws `Refused`, or whatever kept it from being answered. */
  async once(method: string, path: string, body: object | undefined, headers: Record<string, string>, signal: AbortSignal): Promise<Document | Later> {
    const response = await fetch(this.#url + path, {
      method, signal: AbortSignal.any([signal, AbortSignal.timeout(request_ms)]),
      headers: { authorization: `Bearer ${this.#key}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const document = await response.json() as Document
    this.answered_ms = performance.now()
    if (response.ok) return document
    const after = Number(response.headers.get('retry-after') ?? NaN)
    if (response.status === 429 || response.status === 503) return new Later(Number.isNaN(after) ? undefined : after * 1_000)
    if (response.status >= 500) throw new Error(`Baton answers ${response.status}`)
    throw new Refused(response.status, document)
  }
}

/** It is to be asked again, after so long when that is said. */
export class Later {
  readonly after_ms: number | undefined
  constructor(after_ms: number | undefined) {
    this.after_ms = after_ms
  }
}

/** The code of a refusal; whatever else went wrong is thrown. */
export const verdict = (error: unknown): string => {
  if (error instanceof Refused) return error.code
  throw error
}
