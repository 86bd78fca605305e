import type { Api } from './api.ts'
import { redactText } from 'shared-domain/kernel/redaction.ts'
import { Lines, Output } from './output.ts'
import { reportIn, Told } from './reports.ts'
import type { Readable } from 'node:stream'
import type { Times } from './times.ts'

interface Parts {
  readonly api: Api
  readonly session: string
  readonly task: string
  readonly token: string
  readonly times: Times
  /** The program has told something of itself. */
  readonly reported: (told: Told) => void
}

const errors_max = 5_000
/** How long whoever prints too much has to wait each time. */
const slow_ms = 20

/** Reads what a program prints, and passes it on: reports as progress of the task, all else as output of the session. */
export class Telling {
  readonly told = new Told()
  readonly output = new Output()
  #errors = ''
  #printed_ms = performance.now()
  readonly #parts: Parts
  readonly #over = new AbortController()
  #tick: NodeJS.Timeout | undefined
  #passing: Promise<void> = Promise.resolve()
  #isPassing = false
  #passed = { tokens: 0, cost: 0 }
  readonly #read: Promise<unknown>

  constructor(parts: Parts, stdout: Readable, stderr: Readable) {
    this.#parts = parts
    this.#read = Promise.all([this.#follow(stdout, (line) => this.#printed(line, false)), this.#follow(stderr, (line) => this.#printed(line, true))])
    this.#tick = setInterval(() => this.#pass(), Math.min(parts.times.flush_ms, parts.times.progress_ms))
  }

  /** How long nothing was printed. */
  get idle_ms(): number {
    return performance.now() - this.#printed_ms
  }

  /** The end of what it printed as errors. */
  get errors(): string {
    return this.#errors
  }

  async #follow(stream: Readable, take: (line: string) => boolean) {
    const lines = new Lines()
    try {
      for await (const piece of stream as AsyncIterable<Buffer>) {
        this.#printed_ms = performance.now()
        let isTooMuch = false
        for (const line of lines.take(piece)) isTooMuch = take(line) || isTooMuch
        if (this.output.isFull) this.#pass()
        // It waits for its reader then, and nobody's time is spent on what nobody gets.
        if (isTooMuch) await new Promise((resolve) => setTimeout(resolve, slow_ms))
      }
    } catch {
      // The program is gone.
    }
    for (const line of lines.end()) take(line)
  }

  #printed(line: string, isError: boolean): boolean {
    const report = isError ? undefined : reportIn(line)
    if (report) {
      this.told.take(report)
      this.#parts.reported(this.told)
      return false
    }
    if (isError) this.#errors = `${this.#errors}${redactText(line)}\n`.slice(-errors_max)
    return this.output.take(line)
  }

  #pass() {
    if (this.#isPassing || this.#over.signal.aborted) return
    this.#isPassing = true
    this.#passing = this.#passOn().catch(() => undefined).finally(() => { this.#isPassing = false })
  }

  /** What is refused, or not answered, is not passed on: the end of the program tells what matters. */
  async #passOn() {
    const { api, session, task, token } = this.#parts
    const { told } = this
    const { signal } = this.#over
    if (told.isFresh) {
      told.isFresh = false
      const { progress: percentage = 0, message } = told
      await api.once('POST', `/tasks/${task}/progress`, { token, percentage, ...(message === undefined ? {} : { message }) }, {}, signal)
    }
    for (let text = this.output.next(); text !== undefined; text = this.output.isFull ? this.output.next() : undefined)
      await api.once('POST', `/work-sessions/${session}/output`, { text }, {}, signal)
    const { tokens, cost } = told
    if (tokens !== this.#passed.tokens || cost !== this.#passed.cost) {
      this.#passed = { tokens, cost }
      await api.once('POST', `/work-sessions/${session}/metrics`, { metrics: { tokens, cost } }, {}, signal)
    }
  }

  /** Everything was printed: passes on what is left, once. */
  async end() {
    await this.#read
    clearInterval(this.#tick)
    await this.#passing
    await this.#passOn().catch(() => undefined)
    this.#over.abort()
  }
}
