import http from 'node:http'
import https from 'node:https'

/** What an accepted command answers. */
export interface Answer {
  readonly id: string
  readonly revision: string
  readonly position: string
  readonly changed: boolean
  readonly secret?: string
}

/** Whoever a key is of: what `GET /keys/validate` answers. */
export interface Who {
  readonly organization: string
  readonly actor: { readonly kind: string; readonly id: string }
}

type Document = Readonly<Record<string, unknown>>

/** A refusal or failure, as RFC 9457 describes it. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  readonly document: Document
  constructor(status: number, document: Document) {
    const { errors = [] } = document as { errors?: readonly { pointer: string; message: string }[] }
    const places = errors.map(({ pointer, message }) => `${pointer} ${message}`).join(', ')
    super(`${document.code}: ${document.title}${places && ` (${places})`}`)
    this.status = status
    this.code = String(document.code)
    this.document = document
  }

  /** The domain has judged the command; anything else says that the call is wrong, or that Baton is not well. */
  get isVerdict(): boolean {
    return [403, 404, 409, 410, 412, 422].includes(this.status)
  }
}

export interface Headers {
  readonly key?: string | undefined
  /** With an admin's key: when the fact happened in the log it is taken from. */
  readonly importedAt?: string | undefined
  /** An approval of just this. */
  readonly approval?: string | undefined
}

/** A command as it is told. */
export interface Told {
  readonly path: string
  readonly body?: unknown
  readonly headers?: Headers
}

export interface Patience {
  readonly tries_max: number
  readonly pause_max_ms: number
}

/** Half a minute, about. */
const patience: Patience = { tries_max: 20, pause_max_ms: 2_000 }
const request_ms_max = 30_000
const json = { 'content-type': 'application/json' }

interface Result {
  readonly status: number
  readonly body: Document
}

const isPassing = (answer: unknown) => answer instanceof Refused && [429, 503].includes(answer.status)

const itemOf = ({ path, body = {}, headers: { key, importedAt, approval } = {} }: Told) => ({
  method: 'POST', path: `/api/v1${path}`, body,
  ...(key ? { idempotencyKey: key } : {}), ...(importedAt ? { importedAt } : {}), ...(approval ? { approval } : {}),
})
const agents = { 'http:': new http.Agent({ keepAlive: true }), 'https:': new https.Agent({ keepAlive: true }) }

/**
 * Baton over HTTP with one API key. Waits and asks again, a bounded number of times, while the answer is 429 or 503; when there is no
 * answer, too, as long as asking twice does no harm: questions, and commands with an idempotency key.
 */
export class Api {
  readonly #url: string
  readonly #key: string
  readonly #patience: Patience

  constructor(url: string, key: string, how: Partial<Patience> = {}) {
    this.#url = url.replace(/\/$/, '')
    this.#key = key
    this.#patience = { ...patience, ...how }
  }

  /** The same service for somebody else. */
  as(key: string): Api {
    return new Api(this.#url, key, this.#patience)
  }

  async send(method: string, path: string, body: unknown = {}, { key, importedAt, approval }: Headers = {}): Promise<Answer> {
    return await this.#ask(method, path, {
      ...json, ...(key ? { 'idempotency-key': key } : {}), ...(importedAt ? { 'baton-imported-at': importedAt } : {}),
      ...(approval ? { 'baton-approval': approval } : {}),
    }, JSON.stringify(body), key !== undefined) as Answer
  }

  post(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.send('POST', path, body, headers)
  }

  /** Many commands in one request, each answered for itself; only those that were not answered are asked for again. */
  async together(commands: readonly Told[]): Promise<readonly (Answer | Refused)[]> {
    const answers: (Answer | Refused)[] = []
    const isHarmless = commands.every(({ headers }) => headers?.key !== undefined)
    let left = [...commands.keys()]
    for (let tries = 1; ; tries++) {
      const body = JSON.stringify({ commands: left.map((index) => itemOf(commands[index]!)) })
      const { results } = await this.#ask('POST', '/commands', json, body, isHarmless) as { results: readonly Result[] }
      for (const [nth, { status, body }] of results.entries()) answers[left[nth]!] = status < 300 ? body as unknown as Answer : new Refused(status, body)
      left = left.filter((index) => isPassing(answers[index]))
      if (left.length === 0 || !isHarmless || tries >= this.#patience.tries_max) return answers
      await this.#pause(tries)
    }
  }

  async get<T = any>(path: string): Promise<T> {
    return await this.#ask('GET', path, {}, undefined, true) as T
  }

  /** What is answered, byte by byte. */
  async text(path: string): Promise<string> {
    return await this.#ask('GET', path, {}, undefined, true, (text) => text) as string
  }

  /** `isHarmless`: to ask twice is to ask once. */
  async #ask(
    method: string, path: string, headers: Record<string, string>, body: string | undefined, isHarmless: boolean, read?: (text: string) => unknown,
  ): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#exchange(method, path, headers, body, read)
      } catch (error) {
        const isRefused = error instanceof Refused
        const isAskedAgain = isRefused ? isPassing(error) : isHarmless
        if (!isAskedAgain || tries >= this.#patience.tries_max) {
          throw isRefused ? error : new Error(`Baton does not answer at ${this.#url}: ${(error as Error).message}`, { cause: error })
        }
      }
      await this.#pause(tries)
    }
  }

  #pause(tries: number) {
    return new Promise((resolve) => setTimeout(resolve, Math.min(this.#patience.pause_max_ms, 50 * 2 ** tries)))
  }

  /** By node:http, which takes half of what fetch does from a client that sends much. */
  #exchange(
    method: string, path: string, headers: Record<string, string>, body = '', read?: (text: string) => unknown,
  ): Promise<unknown> {
    const url = new URL(`${this.#url}/api/v1${path}`)
    const { request } = url.protocol === 'https:' ? https : http
    return new Promise((resolve, reject) => {
      const exchange = request(url, {
        method, agent: agents[url.protocol as keyof typeof agents], timeout: request_ms_max,
        headers: { authorization: `Bearer ${this.#key}`, ...headers, ...(body ? { 'content-length': Buffer.byteLength(body) } : {}) },
      }, (response) => {
        const { statusCode = 0 } = response
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).once('error', reject).once('end', () => {
          const document = documentOf(text) ?? { code: `HTTP_${statusCode}`, title: 'the answer is no JSON' }
          if (statusCode >= 200 && statusCode < 300) resolve(read ? read(text) : document)
          else reject(new Refused(statusCode, document))
        })
      })
      exchange.once('timeout', () => exchange.destroy(new Error(`silent for ${request_ms_max} ms`))).once('error', reject).end(body)
    })
  }
}

function documentOf(text: string): Document | undefined {
  try {
    return JSON.parse(text) as Document
  } catch {
    return undefined
  }
}
