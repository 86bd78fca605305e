import { randomUUID } from 'node:crypto'
import { Refused, type Api } from './api.ts'
import { random } from './random.ts'

export interface Told {
  readonly orchestrators: number
  readonly tasks: number
  readonly commands: number
  readonly position: bigint
  /** What happened how often, in the scenario's own words. */
  readonly happened: Readonly<Record<string, number>>
}

interface Member {
  readonly id: string
  readonly name: string
  readonly api: Api
}

const names = ['Planner', 'Builder One', 'Builder Two', 'Reviewer', 'Tester', 'Night Watch']
const tasks_count = 60
const work_ms_max = 120_000

const pause = (wait_ms: number) => new Promise((resolve) => setTimeout(resolve, wait_ms))

/** Plays a fleet through the public API. What is done, by whom and how it ends depends on the seed alone; ids and times are new. */
export async function play(admin: Api, seed: number, onProgress: (done: number, total: number) => void): Promise<Told> {
  const play = new Play(admin, seed, onProgress)
  return play.run()
}

class Play {
  readonly #admin: Api
  readonly #chance: () => number
  readonly #seed: number
  readonly #run = randomUUID()
  readonly #onProgress: (done: number, total: number) => void
  readonly #happened: Record<string, number> = {}
  readonly #tasks: string[] = []
  #members: Member[] = []
  #commands = 0
  #ended = 0
  #position = 0n

  constructor(admin: Api, seed: number, onProgress: (done: number, total: number) => void) {
    this.#admin = admin
    this.#seed = seed
    this.#chance = random(seed)
    this.#onProgress = onProgress
  }

  async run(): Promise<Told> {
    this.#members = []
    for (const name of names) this.#members.push(await this.#join(name))
    await this.#plan()
    await this.#delegate()
    await this.#escalate()
    const expiring = await this.#vote()
    await this.#work()
    await this.#expired(expiring)
    return { orchestrators: this.#members.length, tasks: this.#tasks.length, commands: this.#commands, position: this.#position, happened: this.#happened }
  }

  async #say(api: Api, what: string, path: string, body: object = {}) {
    const answer = await api.post(path, body, path.endsWith('/keys') ? {} : { key: `${this.#run}-${this.#commands}` })
    this.#commands++
    this.#happened[what] = (this.#happened[what] ?? 0) + 1
    if (BigInt(answer.position) > this.#position) this.#position = BigInt(answer.position)
    this.#onProgress(this.#ended, tasks_count)
    return answer
  }

  async #join(name: string): Promise<Member> {
    const { id } = await this.#say(this.#admin, 'orchestrators registered', '/orchestrators', {
      name: `${name} (seed ${this.#seed})`, discipline: name.split(' ')[0]!.toLowerCase(), capabilities: ['typescript'], timezone: 'Europe/Berlin', maxConcurrentTasks: 3,
    })
    const { secret } = await this.#say(this.#admin, 'API keys made', `/orchestrators/${id}/keys`, { name: 'demo' })
    const api = this.#admin.as(secret!)
    await this.#say(api, 'status changes', `/orchestrators/${id}/activate`, { reason: 'the demo begins' })
    return { id, name, api }
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#chance() * from.length)]!
  }

  async #plan() {
    for (let n = 1; n <= tasks_count; n++) {
      const member = this.#members[n % this.#members.length]!
      const due_h = this.#pick([-1, 2, 30, 200, undefined])
      const dependsOn = n > 6 && this.#chance() < 0.35 ? [...new Set([this.#pick(this.#tasks), this.#pick(this.#tasks)])] : []
      const { id } = await this.#say(member.api, dependsOn.length > 0 ? 'tasks with dependencies' : 'tasks', '/tasks', {
        title: `Task ${n}`, priority: this.#pick(['CRITICAL', 'HIGH', 'MEDIUM', 'MEDIUM', 'LOW']), dependsOn, tags: ['demo'],
        ...(due_h === undefined ? {} : { dueAt: new Date(Date.now() + due_h * 3_600_000).toISOString() }),
      })
      this.#tasks.push(id)
    }
  }

  async #delegate() {
    for (const n of [6, 12, 18, 24]) {
      const [from, to] = [this.#members[n % 6]!, this.#members[(n + 1 + Math.floor(this.#chance() * 4)) % 6]!]
      await this.#say(from.api, 'delegations', `/tasks/${this.#tasks[n - 1]}/delegate`, { to: to.id, note: 'nearer to your discipline' })
    }
  }

  async #escalate() {
    const owner = this.#members[5]!
    const task = this.#tasks[4]!
    await this.#say(owner.api, 'escalations', `/tasks/${task}/escalate`, { reason: 'needs access to production', severity: 'HIGH' })
    await this.#say(this.#admin, 'escalations resolved', `/tasks/${task}/resolve-escalation`, { resolution: 'granted for today' })
  }

  /** One vote that passes early, and one that too few take part in. */
  async #vote(): Promise<string> {
    const electorate = this.#members.slice(0, 5).map(({ id }) => id)
    // Nobody but the owner of a task may ask for its approval.
    const approval = await this.#say(this.#members[1]!.api, 'decisions opened', '/decisions', {
      type: 'task_approval', title: 'Start the first task?', electorate, taskId: this.#tasks[0], quorum: 0.5,
    })
    for (const member of this.#members.slice(0, 3)) await this.#say(member.api, 'votes', `/decisions/${approval.id}/votes`, { vote: 'APPROVE', comment: 'ready' })
    const ignored = await this.#say(this.#members[1]!.api, 'decisions opened', '/decisions', {
      title: 'Rename the fleet?', electorate, quorum: 0.5, deadline: new Date(Date.now() + 3_000).toISOString(),
    })
    for (const member of this.#members.slice(0, 2)) await this.#say(member.api, 'votes', `/decisions/${ignored.id}/votes`, { vote: 'APPROVE' })
    return ignored.id
  }

  /** Everybody claims, works, and hands in, until nothing is left. */
  async #work() {
    const deadline_ms = performance.now() + work_ms_max
    while (this.#ended < tasks_count) {
      if (performance.now() > deadline_ms) throw new Error('the scenario did not come to its end in two minutes')
      let isIdle = true
      for (const member of this.#members) {
        const claimed = await this.#claim(member)
        if (!claimed) continue
        isIdle = false
        await this.#handle(member, claimed.id, claimed.revision)
      }
      // Retries fall due after a second or more, and dependents are released in the background.
      if (isIdle) await pause(100)
    }
  }

  async #claim({ id, api }: Member) {
    try {
      return await this.#say(api, 'claims', `/orchestrators/${id}/claim`, { minPosition: String(this.#position) })
    } catch (error) {
      if (error instanceof Refused && ['NOTHING_TO_CLAIM', 'RETRY_NOT_DUE', 'CAPACITY_EXCEEDED', 'ORCHESTRATOR_UNAVAILABLE'].includes(error.code)) return undefined
      throw error
    }
  }

  async #handle(member: Member, task: string, token: string) {
    await this.#say(member.api, 'progress reports', `/tasks/${task}/progress`, { token, percentage: 50, message: 'half way' })
    const chance = this.#chance()
    if (chance < 0.1) await this.#say(member.api, 'failures with retry', `/tasks/${task}/fail`, { token, error: 'a test is red', kind: 'test' })
    else if (chance < 0.2) {
      const others = this.#members.filter(({ id }) => id !== member.id)
      await this.#handOff(member, task, this.#pick(others))
    } else {
      await this.#say(member.api, 'completions', `/tasks/${task}/complete`, { token, output: { ok: true }, metrics: { minutes: Math.ceil(this.#chance() * 90) } })
      this.#ended++
    }
  }

  async #handOff(member: Member, task: string, to: Member) {
    try {
      await this.#say(member.api, 'handoffs', `/tasks/${task}/handoff`, { to: to.id, notes: 'my context is in there', context: { branch: `task-${task.slice(0, 8)}` }, completionPercentage: 50 })
    } catch (error) {
      // A task that changed hands five times stays where it is.
      if (!(error instanceof Refused) || error.code !== 'DELEGATION_LIMIT') throw error
      await this.#say(this.#admin, 'releases', `/tasks/${task}/release`)
    }
  }

  async #expired(decision: string) {
    for (let tries = 0; tries < 100; tries++) {
      const { status } = await this.#admin.get<{ status: string }>(`/decisions/${decision}`)
      if (status === 'expired') return
      if (status !== 'pending') throw new Error(`the decision without a quorum is ${status}`)
      await pause(100)
    }
    throw new Error('the decision without a quorum did not expire')
  }
}
