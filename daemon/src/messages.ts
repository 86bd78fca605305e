import { z } from 'zod'
import { Refused } from './api.ts'
import type { Daemon } from './daemon.ts'
import type { Run } from './run.ts'

export interface Message {
  readonly type: string
  readonly id?: string | undefined
  readonly payload: object
}

/** Why a message is not heeded. */
class No extends Error {
  readonly code: string
  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

const Envelope = z.strictObject({ type: z.string().max(100), id: z.string().max(200).optional(), payload: z.record(z.string(), z.json()).default({}) })
/** Older clients say for whom they take the daemon. */
const For = z.object({ vpId: z.uuid().optional() })
const Execute = For.extend({ task: z.uuid(), memoryProfile: z.string().max(200).optional() }).strict()
const Spawn = For.extend({
  task: z.uuid().optional(), title: z.string().trim().min(1).max(500).optional(), sessionType: z.string().max(100), memoryProfile: z.string().max(200).optional(),
}).strict()
const Named = For.extend({ session: z.uuid() }).strict()

const away_ms = 60_000

/** What a client of the socket may say, and what it is answered. */
export class Messages {
  readonly #daemon: Daemon
  /** Runs that have ended lately, for who asks of them. */
  readonly #over = new Map<string, Run>()

  constructor(daemon: Daemon) {
    this.#daemon = daemon
  }

  /** Answers text; never throws. */
  async answer(text: string): Promise<Message> {
    let id: string | undefined
    try {
      const said = Envelope.safeParse(parsed(text))
      if (!said.success) throw new No('BAD_MESSAGE', 'It is no {type, id?, payload}.')
      id = said.data.id
      return { id, ...await this.#answered(said.data.type, said.data.payload) }
    } catch (error) {
      const [code, detail] = error instanceof No || error instanceof Refused ? [error.code, error.message] : ['UNAVAILABLE', 'Baton does not answer.']
      return { type: 'error', id, payload: { code, detail } }
    }
  }

  async #answered(type: string, payload: object): Promise<Message> {
    switch (type) {
      case 'ping': return { type: 'pong', payload: { at: new Date().toISOString() } }
      case 'health_check': return this.health()
      case 'daemon_status': case 'list_sessions': return this.#status()
      case 'execute_task': return this.#spawned(this.#of(Execute, payload))
      case 'spawn_session': return this.#spawn(this.#of(Spawn, payload))
      case 'session_status': return this.update(this.#run(this.#of(Named, payload).session))
      case 'stop_session': return this.#stopped(this.#of(Named, payload).session)
      default: throw new No('UNKNOWN_TYPE', `Nobody knows ${JSON.stringify(type)}.`)
    }
  }

  #of<Schema extends z.ZodType<z.output<typeof For>>>(schema: Schema, payload: object): z.output<Schema> {
    const { data, error } = schema.safeParse(payload)
    if (error) throw new No('VALIDATION_ERROR', error.issues.map(({ path, message }) => `${path.join('/') || 'it'} ${message}`).join(', '))
    if (data.vpId !== undefined && data.vpId !== this.#daemon.identity!.orchestrator) throw new No('FORBIDDEN', 'This daemon works for another orchestrator.')
    return data
  }

  #run(session: string): Run {
    const run = this.#daemon.runs.get(session) ?? this.#over.get(session)
    if (!run) throw new No('NOT_FOUND', 'This daemon knows no such session.')
    return run
  }

  /** Remembers what has just ended. */
  ended(run: Run) {
    this.#over.set(run.taken.session, run)
    if (this.#over.size > 200) this.#over.delete(this.#over.keys().next().value!)
  }

  get checks() {
    const { api, config, nats, guards } = this.#daemon
    return {
      baton: performance.now() - api.answered_ms < away_ms,
      nats: config.natsUrl === undefined || (nats !== undefined && (nats.awaySince_ms() === undefined || performance.now() - nats.awaySince_ms()! < away_ms)),
      guard: guards.isReady,
    }
  }

  get state(): 'initializing' | 'running' | 'degraded' | 'stopped' {
    const { state } = this.#daemon
    if (state === 'initializing' || state === 'stopped') return state
    const { baton, nats } = this.checks
    return baton && nats ? 'running' : 'degraded'
  }

  health(): Message {
    return { type: 'health_check_response', payload: { state: this.state, checks: this.checks } }
  }

  #status(): Message {
    const { runs, begun_ms, figures } = this.#daemon
    const { spawned, completed, failed, tokens, cost, duration_ms } = figures
    const ended = completed + failed
    const sessions = [...runs.values()].map(({ taken: { session, task }, program, status, startedAt }) => ({ session, task, program, status, startedAt }))
    const metrics = {
      spawned, completed, failed, tokens, cost, meanDuration_ms: ended === 0 ? 0 : Math.round(duration_ms / ended), successRate: ended === 0 ? 1 : completed / ended,
    }
    return { type: 'daemon_status_update', payload: { state: this.state, uptime_s: Math.floor((performance.now() - begun_ms) / 1_000), sessions, queued: this.#daemon.queue.size, metrics } }
  }

  update({ taken: { session, task }, status, metrics, kind }: Run): Message {
    return { type: 'session_status_update', payload: { session, task, status, metrics, kind } }
  }

  async #spawn({ task, title, sessionType, memoryProfile }: z.output<typeof Spawn>): Promise<Message> {
    if ((task === undefined) === (title === undefined)) throw new No('VALIDATION_ERROR', 'It needs task or title.')
    if (!(sessionType in this.#daemon.config.programs)) throw new No('VALIDATION_ERROR', `sessionType ${sessionType} is no program here.`)
    return this.#spawned({ task: task ?? await this.#daemon.make(title!, sessionType), memoryProfile }, sessionType)
  }

  /** Starts this task, not the next; where no place is free it waits here. */
  async #spawned({ task, memoryProfile }: { readonly task: string; readonly memoryProfile?: string | undefined }, program?: string): Promise<Message> {
    const daemon = this.#daemon
    const { queue } = daemon
    if (daemon.state !== 'running') throw new No('DAEMON_UNAVAILABLE', 'It takes nothing new.')
    if (daemon.isFull) {
      const { priority } = await daemon.look(task)
      if (!queue.has(task) && !queue.add({ task, priority, memoryProfile, program })) throw new No('QUEUE_FULL', 'As many wait here as may.')
      return { type: 'session_spawned', payload: { session: null, task, status: 'queued' } }
    }
    const { taken: { session } } = await daemon.take(task, { memoryProfile, program })
    return { type: 'session_spawned', payload: { session, task, status: 'running' } }
  }

  async #stopped(session: string): Promise<Message> {
    const run = this.#run(session)
    run.kill('stopped')
    await run.done
    return this.update(run)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new No('BAD_JSON', 'It is no JSON.')
  }
}
