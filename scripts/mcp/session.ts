import { Refused, type Answer, type Api, type Who } from '../api.ts'
import { nextOf, refusalOf } from '../next.ts'
import { Missing } from '../operations.ts'
import { fitting } from './fitting.ts'
import { Leases } from './leases.ts'
import type { Said, Tool } from './tool.ts'
import { readTools, writeTools } from './tools.ts'

const content_bytes_max = 64 * 1024

/** What a tool came to. */
export interface Told {
  readonly isError: boolean
  readonly content: Said
}

/** One agent at its work: the tools it may use, and the leases it took by them. */
export class Session {
  readonly who: Who
  readonly tools: readonly Tool[]
  readonly leases: Leases
  readonly #byName: ReadonlyMap<string, Tool>

  constructor(who: Who, { mayWrite, leases = new Leases() }: { mayWrite: boolean; leases?: Leases }) {
    this.who = who
    this.tools = mayWrite ? [...readTools, ...writeTools] : readTools
    this.leases = leases
    this.#byName = new Map(this.tools.map((tool) => [tool.name, tool]))
  }

  /** The orchestrator that the key is of, if it is of one. */
  get orchestrator(): string | undefined {
    return this.who.actor.kind === 'orchestrator' ? this.who.actor.id : undefined
  }

  /** Uses a tool; undefined where there is none of this name. What is refused is told as an error that says what to do next. */
  async use(name: string, said: Said, api: Api): Promise<Told | undefined> {
    const tool = this.#byName.get(name)
    if (!tool) return undefined
    this.leases.called()
    const task = typeof said.task === 'string' ? said.task.toLowerCase() : undefined
    const token = task === undefined || said.token !== undefined || !('token' in tool.input.properties) ? undefined : this.leases.tokenOf(task)
    try {
      const answer = await tool.run({ api, orchestrator: this.orchestrator }, token === undefined ? said : { ...said, token })
      this.#mind(tool, task, answer as Partial<Answer>, api)
      return { isError: false, content: told(answer) }
    } catch (error) {
      if (error instanceof Refused && error.code === 'STALE_LEASE' && task !== undefined) this.leases.forget(task)
      return { isError: true, content: told(failureOf(error)) }
    }
  }

  close(): Promise<void> {
    return this.leases.release()
  }

  #mind({ lease }: Tool, task: string | undefined, answer: { id?: string; token?: unknown }, api: Api) {
    if (lease === 'takes' && answer.id !== undefined && typeof answer.token === 'string') this.leases.keep(answer.id, answer.token, api)
    if (lease === 'ends' && task !== undefined) this.leases.forget(task)
  }
}

function told(said: Said): Said {
  const { value, cut } = fitting(said, content_bytes_max - 1_024)
  return cut.length > 0 ? { ...value as Said, cut } : value as Said
}

function failureOf(error: unknown): Said {
  if (error instanceof Missing) return { code: 'VALIDATION_ERROR', detail: `${error.message}.`, retryable: false, next: `Say ${error.parameter}.` }
  if (error instanceof Refused) return refusalOf(error)
  return { code: 'SERVICE_UNAVAILABLE', detail: (error as Error).message, retryable: true, next: nextOf('SERVICE_UNAVAILABLE') }
}
