/** What an accepted command answers. */
export interface Answer {
  readonly id: string
  readonly revision: string
  readonly position: string
  readonly changed: boolean
  readonly secret?: string
}

/** A refusal or failure, as RFC 9457 describes it. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  readonly document: Readonly<Record<string, unknown>>
  constructor(status: number, document: Readonly<Record<string, unknown>>) {
    const errors = (document.errors as { pointer: string; message: string }[] | undefined)?.map(({ pointer, message }) => `${pointer} ${message}`).join(', ')
    super(`${document.code}: ${document.title}${errors ? ` (${errors})` : ''}`)
    this.status = status
    this.code = String(document.code)
    this.document = document
  }
}

export interface Headers {
  readonly key?: string | undefined
  /** With an admin's key: when the fact happened in the log it is taken from. */
  readonly importedAt?: string | undefined
}

const unavailable_tries_max = 20
const request_ms_max = 30_000

/** Baton over HTTP with one API key. Waits and asks again, a bounded number of times, while the answer is 429 or 503. */
export class Api {
  readonly #base: string
  readonly #key: string

  constructor(url: string, key: string) {
    this.#base = `${url.replace(/\/$/, '')}/api/v1`
    this.#key = key
  }

  /** The same service for somebody else. */
  as(key: string): Api {
    return new Api(this.#base.slice(0, -'/api/v1'.length), key)
  }

  async send(method: string, path: string, body: unknown = {}, { key, importedAt }: Headers = {}): Promise<Answer> {
    return await this.#ask(method, path, {
      'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}), ...(importedAt ? { 'baton-imported-at': importedAt } : {}),
    }, JSON.stringify(body)) as Answer
  }

  post(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.send('POST', path, body, headers)
  }

  async get<T = any>(path: string): Promise<T> {
    return await this.#ask('GET', path, {}) as T
  }

  async #ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      const response = await fetch(this.#base + path, {
        method, headers: { authorization: `Bearer ${this.#key}`, ...headers }, ...(body === undefined ? {} : { body }), signal: AbortSignal.timeout(request_ms_max),
      })
      const document = await response.json() as Record<string, unknown>
      if (response.ok) return document
      if (![429, 503].includes(response.status) || tries >= unavailable_tries_max) throw new Refused(response.status, document)
      await new Promise((resolve) => setTimeout(resolve, Math.min(2_000, 50 * 2 ** tries)))
    }
  }
}
