import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { elapsed_ms } from 'shared-domain/kernel/time.ts'
import { Api, Refused, verdict, type Document } from './api.ts'
import type { Config } from './config.ts'
import { announcements, asked, type Announcements, type Heard } from './facts.ts'
import { Guards } from './guard.ts'
import { signNow, type Sign } from './guard-words.ts'
import { connect, type Identity } from './identity.ts'
import { Records } from './records.ts'
import { Queue } from './queue.ts'
import { Run, type Surroundings, type Taken, type Wish } from './run.ts'
import { times as usual, type Times } from './times.ts'

export type State = 'initializing' | 'running' | 'draining' | 'stopped'

export interface Options {
  readonly times?: Partial<Times>
  readonly say?: (msg: string, more?: object) => void
  readonly changed?: (run: Run, isOver: boolean) => void
}

/** What may mean that there is something to be taken up. */
const wakes = /^(Task(Created|Assigned|Unblocked|Delegated|HandedOff|Returned|Released|Reopened|RetryScheduled|DeferralEnded)|LeaseExpired|SlotReleased|CapacitySet|OrchestratorStatusChanged|BudgetResumed)$/
/** No reason to say anything. */
const usualRefusals = new Set(['NOTHING_TO_CLAIM', 'CAPACITY_EXCEEDED', 'ORCHESTRATOR_UNAVAILABLE', 'BUDGET_EXHAUSTED', 'OUTSIDE_WORK_HOURS'])
/** Whoever is told this has no more to say. */
const finals = new Set(['DAEMON_REPLACED', 'INVALID_API_KEY', 'API_KEY_EXPIRED', 'NOT_FOUND', 'FORBIDDEN'])

/** The process that works for an orchestrator: takes tasks up, runs programs for them, tells what becomes of it. */
export class Daemon {
  state: State = 'initializing'
  readonly runs = new Map<string, Run>()
  readonly figures = { spawned: 0, completed: 0, failed: 0, tokens: 0, cost: 0, duration_ms: 0 }
  readonly api: Api
  readonly config: Config
  readonly begun_ms = performance.now()
  readonly instance = randomUUID()
  readonly guards = new Guards()
  /** What somebody wants done next. */
  readonly queue = new Queue()
  /** The log position of the last task that was made here. */
  #made: string | undefined
  /** Resolves with a sentence when it cannot go on. */
  readonly over: Promise<string>
  identity: Identity | undefined
  nats: Announcements | undefined
  readonly #times: Times
  readonly #options: Options
  readonly #records: Records
  readonly #key: string
  readonly #ending = new AbortController()
  readonly #end: (why: string) => void
  #wake = Promise.withResolvers<Heard | undefined>()
  #loops: Promise<unknown>[] = []
  /** Places for which a task is being taken up. */
  #held = 0

  constructor(config: Config, key: string, options: Options = {}) {
    this.config = config
    this.#key = key
    this.#options = options
    this.#times = { ...usual, ...options.times }
    this.api = new Api(config.url, key, this.#times.retry_ms)
    this.#records = new Records(config.directory)
    const { promise, resolve } = Promise.withResolvers<string>()
    this.over = promise
    this.#end = resolve
  }

  #say(msg: string, more: object = {}) {
    this.#options.say?.(msg, more)
  }

  /** Connects, after whatever an earlier instance left was killed, and begins to work. */
  async start(): Promise<Identity> {
    const { signal } = this.#ending
    const left = await this.#records.clear()
    if (left > 0) this.#say('programs of an earlier instance were killed', { left })
    this.guards.prepare()
    this.identity = await connect(this.api, this.config, this.#records, this.instance, signal)
    this.state = 'running'
    const heard = (fact: Heard) => this.#heard(fact)
    const { natsUrl } = this.config
    if (natsUrl !== undefined) {
      void announcements(natsUrl, this.identity, heard, signal).then((nats) => { this.nats = nats }, (error: unknown) => this.#say('announcements are not followed', { error: String(error) }))
    } else {
      this.#loops.push(asked(this.api, this.identity, this.#times, () => this.runs.size > 0, heard, signal))
    }
    this.#loops.push(this.#beats(), this.#looks())
    return this.identity
  }

  get isFull(): boolean {
    return this.runs.size + this.#held >= this.identity!.maxSessions
  }

  get #isWorking(): boolean {
    return this.state === 'running' && !this.#ending.signal.aborted
  }

  #heard(fact: Heard) {
    const { type, id, data } = fact
    if (type.startsWith('WorkSession')) return this.runs.get(id)?.instructed(type)
    if (type.startsWith('Daemon') && id === this.identity!.daemon) return void this.#beat().catch(() => undefined)
    if (!wakes.test(type)) return
    const wait_ms = typeof data.nextRetryAt === 'string' ? Math.max(0, elapsed_ms(new Date().toISOString(), data.nextRetryAt)) : 0
    const wake = () => this.#wake.resolve(fact)
    if (wait_ms > 0) setTimeout(wake, wait_ms).unref()
    else wake()
  }

  async #beats() {
    const { signal } = this.#ending
    while (!signal.aborted) {
      await this.#beat().catch(() => undefined)
      this.#records.tidy(new Set(this.runs.keys()))
      await pause(this.#times.beat_ms, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Shows that it lives, and heeds what it is told. */
  async #beat() {
    const { size } = this.runs
    const said = { instance: this.instance, status: size === 0 ? 'idle' : this.isFull ? 'busy' : 'active', sessions: size, queued: this.queue.size }
    try {
      const answer: Document = await this.api.once('POST', `/daemons/${this.identity!.daemon}/beat`, said, {}, this.#ending.signal) as Document
      if (answer.state === 'DRAINING') void this.#drained(answer.deadline)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // Whoever drains is told at the deadline that it has ended.
      if (finals.has(error.code) || (error.code === 'INVALID_STATE_TRANSITION' && this.state === 'running')) this.#cease(error.code)
    }
  }

  /** What it ran is somebody else's now, or nobody's. */
  #cease(why: string) {
    this.state = 'stopped'
    for (const run of this.runs.values()) run.kill('stopped')
    this.#end(why)
  }

  /** Others want it to end: what runs goes on until the deadline. */
  async #drained(deadline: string) {
    if (this.state !== 'running') return
    this.state = 'draining'
    this.#say('it drains', { deadline })
    await this.#emptied(elapsed_ms(new Date().toISOString(), deadline))
    this.#end('drained')
  }

  /** Waits for what runs, and kills the rest. */
  async #emptied(within_ms: number) {
    const all = () => Promise.all([...this.runs.values()].map(({ done }) => done))
    await Promise.race([all(), pause(Math.max(0, within_ms), undefined, { ref: false })])
    for (const run of this.runs.values()) run.kill('stopped')
    await all()
  }

  /** Takes up what there is whenever something may have come, and now and then. */
  async #looks() {
    const { signal } = this.#ending
    for (let because: Heard | undefined; !signal.aborted;) {
      this.#wake = Promise.withResolvers()
      await this.#wanted()
      for (let n = 0; this.#isWorking && !this.isFull; n++) if (!await this.#claimed(because, n).catch(() => false)) break
      because = await Promise.race([this.#wake.promise, pause(this.#times.look_ms, undefined, { signal }).catch(() => undefined)])
    }
  }

  /** What waits here goes first. It may have gone elsewhere meanwhile. */
  async #wanted() {
    while (this.#isWorking && !this.isFull) {
      const next = this.queue.next()
      if (!next) return
      await this.take(next.task, next).catch((error: unknown) => this.#say('what waited is not taken up', { task: next.task, error: String(error) }))
    }
  }

  /** Makes a task of this title, for this program. */
  async make(title: string, program: string): Promise<string> {
    const { id, position } = await this.api.post('/tasks', { owner: this.identity!.orchestrator, title, metadata: { program } }, this.#ending.signal, { 'idempotency-key': randomUUID() })
    this.#made = position
    return id
  }

  /** A task as it stands, with what was made here. */
  look(task: string): Promise<Document> {
    return this.api.get(`/tasks/${task}${this.#made === undefined ? '' : `?minPosition=${this.#made}`}`, this.#ending.signal)
  }

  async #claimed(because: Heard | undefined, n: number): Promise<boolean> {
    const key = `${this.instance} ${because ? `${because.event} ${n}` : randomUUID()}`
    return this.#takenUp(`/orchestrators/${this.identity!.orchestrator}/claim`, because ? { minPosition: because.position } : {}, key)
  }

  /** Takes one task up, this or the next, and lets a program work on it. */
  async #takenUp(path: string, body: object, key: string): Promise<boolean> {
    const sent = signNow()
    const answer = await this.api.post(path, body, this.#ending.signal, { 'idempotency-key': key }).catch((error: unknown) => {
      const code = verdict(error)
      if (!usualRefusals.has(code)) this.#say('nothing is taken up', { code })
      return undefined
    })
    if (!answer || this.runs.has(answer.slot)) return answer !== undefined
    const { id: task, token, slot: session, context, position } = answer
    this.#begin({ task, token, session, context, position, sent })
    return true
  }

  /** Takes up this task; throws the refusal. */
  async take(task: string, wish: Wish = {}): Promise<Run> {
    const sent = signNow()
    this.#held++
    try {
      return await this.#taken(task, sent, wish)
    } finally {
      this.#held--
    }
  }

  async #taken(task: string, sent: Sign, wish: Wish): Promise<Run> {
    const { token, slot: session, context, position } = await this.api.post(`/tasks/${task}/start`, {}, this.#ending.signal, { 'idempotency-key': randomUUID() })
    // Its own claim may have come first.
    return this.runs.get(session) ?? this.#begin({ task, token, session, context, position, sent }, wish)
  }

  #begin(taken: Taken, wish: Wish = {}): Run {
    const around: Surroundings = {
      api: this.api, config: this.config, key: this.#key, daemon: this.identity!.daemon, times: this.#times, guards: this.guards, records: this.#records,
      say: (msg, more) => this.#say(msg, more), changed: (run) => this.#options.changed?.(run, false),
    }
    const run = new Run(taken, around, wish)
    this.figures.spawned++
    this.runs.set(taken.session, run)
    this.#say('a task is taken up', { task: taken.task, session: taken.session })
    void run.done.then(() => {
      this.runs.delete(taken.session)
      this.#options.changed?.(run, true)
      const { tokens, cost, duration_ms } = run.metrics
      if (run.status === 'COMPLETED') this.figures.completed++
      else this.figures.failed++
      this.figures.tokens += tokens
      this.figures.cost += cost
      this.figures.duration_ms += duration_ms
      // A place is free.
      this.#wake.resolve(undefined)
    })
    if (!this.#isWorking) run.kill('stopped')
    return run
  }

  /** Ends in order: nothing new, what runs for a while longer, then the rest. */
  async stop(): Promise<void> {
    if (this.identity && this.state !== 'stopped') {
      this.state = 'draining'
      const { daemon } = this.identity
      const signal = AbortSignal.timeout(this.#times.drain_ms + this.#times.grace_ms + 5_000)
      const drain_s = Math.ceil(this.#times.drain_ms / 1_000)
      await this.api.once('POST', `/daemons/${daemon}/drain`, { within_s: drain_s, reason: 'it was asked to end' }, {}, signal).catch(() => undefined)
      await this.#emptied(this.#times.drain_ms)
      await this.api.once('POST', `/daemons/${daemon}/disconnect`, { instance: this.instance }, {}, signal).catch(() => undefined)
    } else {
      await Promise.all([...this.runs.values()].map(({ done }) => done))
    }
    await this.#close()
  }

  async #close() {
    this.state = 'stopped'
    this.#ending.abort()
    this.#wake.resolve(undefined)
    await Promise.allSettled(this.#loops)
    await this.guards.close()
    await this.nats?.close().catch(() => undefined)
  }

  /** Kills everything now. */
  async abandon(): Promise<void> {
    for (const run of this.runs.values()) run.kill('stopped')
    await this.#close()
  }
}
