import type { Api, Document } from './api.ts'
import { Refused, verdict } from './api.ts'
import { environmentOf, type Config, type Program } from './config.ts'
import type { Exit, Guard, Guards } from './guard.ts'
import type { Sign } from './guard-words.ts'
import { keepLease } from './lease.ts'
import { jsonOf, promptOf } from './prompt.ts'
import { killed, runningSince } from './processes.ts'
import type { Records } from './records.ts'
import { Telling } from './telling.ts'
import type { Times } from './times.ts'
import { isRetryable, kindOf, type Cause, type Kind } from './verdict.ts'

/** A task that was taken up, as the answer says; `sent` is when that was asked for first. */
export interface Taken {
  readonly task: string
  readonly token: string
  readonly session: string
  readonly context: string
  readonly position: string
  readonly sent: Sign
}

export interface Surroundings {
  readonly api: Api
  readonly config: Config
  readonly key: string
  readonly daemon: string
  readonly times: Times
  readonly guards: Guards
  readonly records: Records
  readonly say: (msg: string, more?: object) => void
  /** Something is otherwise than before. */
  readonly changed: (run: Run) => void
}

export type Status = 'SPAWNED' | 'RUNNING' | 'PAUSED' | 'COMPLETED' | 'FAILED' | 'TERMINATED'

/** What is wished besides, by whoever has it started. */
export interface Wish {
  readonly memoryProfile?: string | undefined
  readonly program?: string | undefined
}

interface End {
  readonly exit: Exit
  readonly kind: Kind | undefined
  readonly error: string
}

const error_max = 5_000
const farewell_ms = 10_000

/** One run of a program for a task under one lease, from the context to the end of both. */
export class Run {
  readonly taken: Taken
  readonly startedAt = new Date().toISOString()
  program = ''
  status: Status = 'SPAWNED'
  kind: Kind | null = null
  /** Resolves when nothing of it is left. */
  readonly done: Promise<void>
  readonly #around: Surroundings
  #guard: Guard | undefined
  #telling: Telling | undefined
  #cause: Cause | undefined
  /** Somebody else has ended the session. */
  #isOver = false
  #begun_ms = performance.now()
  readonly #over = new AbortController()

  constructor(taken: Taken, around: Surroundings, wish: Wish = {}) {
    this.taken = taken
    this.#around = around
    this.done = this.#go(wish).catch((error: unknown) => {
      around.say('a run came to nothing', { session: taken.session, error: String(error) })
    }).finally(() => {
      this.#over.abort()
      around.records.forget(taken.session)
      around.changed(this)
    })
  }

  get metrics() {
    const { tokens = 0, cost = 0 } = this.#telling?.told ?? {}
    return { tokens, cost, errors: this.kind === null ? 0 : 1, duration_ms: Math.round(performance.now() - this.#begun_ms) }
  }

  /** Has the program killed, for the first reason that there is. */
  kill(cause: Cause) {
    this.#cause ??= cause
    this.#guard?.kill()
    // Nobody waits for ever for a Baton that does not answer.
    if (cause === 'stopped') setTimeout(() => this.#over.abort(), this.#around.times.grace_ms + farewell_ms).unref()
  }

  /** What was said of its session by others. */
  instructed(type: string) {
    if (type === 'WorkSessionPaused') this.#stand(true)
    else if (type === 'WorkSessionResumed') this.#stand(false)
    else if (/^WorkSession(Completed|Failed|Terminated)$/.test(type) && !this.#over.signal.aborted) {
      this.#isOver = true
      this.kill('lost')
    }
  }

  #stand(isStill: boolean) {
    this.#guard?.still(isStill)
    this.#turn(isStill ? 'PAUSED' : 'RUNNING')
  }

  #turn(status: Status) {
    this.status = status
    this.#around.changed(this)
  }

  async #go({ memoryProfile, program: wanted }: Wish) {
    const { api, config, daemon, times } = this.#around
    const { task, token, session, context: path, position, sent } = this.taken
    const { signal } = this.#over
    let latest = sent
    const alive = (sign: Sign) => {
      latest = sign
      this.#guard?.alive(sign)
    }
    void keepLease({ api, task, token, times, alive, lost: (code) => this.#lost(code) }, signal)
    const context = await api.get(`${path}?minPosition=${position}`, signal)
    this.program = wanted ?? String(context.task.metadata?.program ?? config.program)
    const program = config.programs[this.program]
    if (!program) return this.#giveUp('permission', `this daemon has no program ${this.program}`)
    const { timeout_s, tokens } = program
    try {
      const wish = { id: session, daemon, task, token, program: this.program, timeout_s, tokens, ...(memoryProfile ? { memoryProfile } : {}) }
      await api.post('/work-sessions', wish, signal)
    } catch (error) {
      return this.#refused(error)
    }
    this.#around.changed(this)
    await this.#end(await this.#work(program, context, () => latest))
  }

  #lost(code: string) {
    this.#around.say('the lease is lost', { session: this.taken.session, code })
    this.#isOver = true
    this.kill('lost')
  }

  /** Runs the program to its end. */
  async #work(program: Program, context: Document, latest: () => Sign): Promise<End> {
    const { api, key, times, guards, records } = this.#around
    const { task, token, session } = this.taken
    const mark = `BATON_SESSION=${session}`
    const cwd = records.folder(session)
    records.note(session, { mark })
    const guard = await guards.take()
    this.#guard = guard
    const env = environmentOf(program, { BATON_TASK: task, BATON_SESSION: session }, key)
    const nothing = (exit: Partial<Exit> = {}): Exit => ({ exit: null, signal: null, isFenced: false, ...exit })
    if (this.#cause !== undefined) {
      guard.dismiss()
      return { exit: nothing(), kind: 'lost', error: this.#cause }
    }
    const begun = await guard.begin({ command: program.command as [string, ...string[]], cwd, env, mark, fence_ms: times.fence_ms, grace_ms: times.grace_ms, alive: latest() })
    if ('failed' in begun) {
      const kind = begun.failed === 'ENOENT' || begun.failed === 'EACCES' ? 'permission' : 'unknown'
      return { exit: nothing(), kind, error: `${program.command[0]}: ${begun.failed}` }
    }
    guard.alive(latest())
    this.#begun_ms = performance.now()
    records.note(session, { mark, pid: begun.started, since: begun.since })
    const telling = new Telling({
      api, session, task, token, times,
      reported: ({ tokens }) => { if (program.tokens > 0 && tokens > program.tokens) this.kill('budget') },
    }, guard.stdout, guard.stderr)
    this.#telling = telling
    if (this.#cause !== undefined) guard.kill()
    guard.stdin.end(program.stdin === 'none' ? '' : program.stdin === 'json' ? jsonOf(context) : promptOf(context))
    void api.post(`/work-sessions/${session}/start`, { pid: begun.started }, this.#over.signal).then(() => this.#turn('RUNNING'), () => undefined)
    const watching = setInterval(() => {
      const { timeout_s, idle_s } = program
      const isLate = performance.now() - this.#begun_ms > timeout_s * 1_000
      if (isLate || (idle_s !== undefined && this.status !== 'PAUSED' && telling.idle_ms > idle_s * 1_000)) this.kill('timeout')
    }, 100)
    const ended = await guard.ended
    clearInterval(watching)
    // Without its guard the program has no fence.
    if (!ended) this.#unguarded(begun.started, begun.since, mark)
    await telling.end()
    const exit = ended ?? nothing({ signal: 'SIGKILL' })
    return { exit, kind: ended ? kindOf(exit, this.#cause) : 'lost', error: telling.errors.trim() || whyOf(exit, this.#cause) }
  }

  #unguarded(pid: number, since: string, mark: string) {
    killed(runningSince(pid) === since ? pid : -1, mark)
  }

  /** Tells what became of it: first of the session, then of the task. */
  async #end({ exit: { exit }, kind, error }: End) {
    const { api, say } = this.#around
    const { task, token, session } = this.taken
    const { signal } = this.#over
    const output = this.#telling?.output
    this.kind = kind ?? null
    const isStopped = this.#cause === 'stopped' || this.#cause === 'lost'
    this.status = isStopped ? 'TERMINATED' : kind === undefined ? 'COMPLETED' : 'FAILED'
    const { metrics } = this
    const told = this.#telling?.told
    const printed = output ? { outputTail: output.tail(4_000), outputDigest: output.digest() } : {}
    const exitCode = exit === null ? {} : { exitCode: exit }
    const last = error.slice(-error_max)
    const tell = (path: string, body: object) => api.post(path, body, signal).catch(verdict)
    if (isStopped) {
      if (!this.#isOver) await tell(`/work-sessions/${session}/terminate`, { reason: 'the daemon stopped', metrics })
      await tell(`/tasks/${task}/release`, { token, reason: this.#cause === 'stopped' ? 'the daemon stopped' : 'the session ended' })
    } else if (kind === undefined) {
      await tell(`/work-sessions/${session}/complete`, { ...exitCode, metrics, ...printed })
      const { tokens, cost, duration_ms } = metrics
      const artifacts = told?.artifacts ?? []
      const delivered = told?.hasOutput ? told.output : output?.tailAsJson(65_000) ?? null
      await tell(`/tasks/${task}/complete`, { token, output: delivered, artifacts, metrics: { tokens, cost, duration_ms } })
    } else {
      await tell(`/work-sessions/${session}/fail`, { ...exitCode, metrics, ...printed, kind, error: last })
      await tell(`/tasks/${task}/fail`, { token, error: last, kind, retryable: isRetryable(kind) })
    }
    say('a program ended', { session, task, status: this.status, kind, dropped: output?.dropped ?? 0 })
  }

  /** The session may not begin, and another try would not go otherwise for some reasons. */
  async #refused(error: unknown) {
    const code = verdict(error)
    if (code === 'STALE_LEASE') return
    if (code === 'DAEMON_UNAVAILABLE' || code === 'DAEMON_REPLACED') {
      this.status = 'TERMINATED'
      await this.#around.api.post(`/tasks/${this.taken.task}/release`, { token: this.taken.token, reason: code }, this.#over.signal).catch(verdict)
      return
    }
    await this.#giveUp(code === 'BUDGET_EXHAUSTED' || code === 'LIMIT_REACHED' ? 'budget' : 'permission', (error as Refused).message)
  }

  async #giveUp(kind: Kind, error: string) {
    const { task, token } = this.taken
    this.kind = kind
    this.status = 'FAILED'
    await this.#around.api.post(`/tasks/${task}/fail`, { token, error, kind, retryable: isRetryable(kind) }, this.#over.signal).catch(verdict)
  }
}

function whyOf({ exit, signal, isFenced }: Exit, cause: Cause | undefined): string {
  if (isFenced) return 'nothing was heard of its lease for too long'
  if (cause !== undefined) return `it was killed: ${cause}`
  return exit === null ? `it ended by ${signal}` : `it ended with ${exit}`
}
