import { Refused, type Answer, type Api } from './api.ts'
import { random } from './random.ts'

const [step_ms, open_max, leases_max, members_max] = [350, 40, 6, 6]
const silence_ms_max = 20_000

interface Member { readonly id: string; readonly name: string; readonly api: Api }
interface Lease { readonly member: Member; readonly task: string; readonly token: string; progress: number; told_ms: number }
interface Page<Row> { readonly items: readonly Row[] }

const verbs = ['Review', 'Draft', 'Translate', 'Measure', 'Repair', 'Compare', 'Archive', 'Plan', 'Test', 'Publish'] as const
const things = ['the harbour map', 'the tide table', 'the release notes', 'the price list', 'the crane log', 'the weather report', 'the berth schedule', 'the safety drill', 'the pilot roster', 'the customs form'] as const
const questions = ['Close the north gate tonight?', 'Move the drill to Friday?', 'Buy the second crane?', 'Let the night shift start earlier?'] as const

/** A fleet that goes on moving for as long as it is let: a few commands a second, most of them work, some of them trouble. */
export class Moving {
  readonly #admin: Api
  readonly #chance: () => number
  readonly #leases: Lease[] = []
  readonly #escalated: { readonly task: string; readonly since_ms: number }[] = []
  readonly #voting: { readonly decision: string; readonly left: Member[] }[] = []
  #members: readonly Member[] = []
  #commands = 0

  constructor(admin: Api, seed: number) {
    this.#admin = admin
    this.#chance = random(seed)
  }

  get commands(): number { return this.#commands }

  /** Whoever is there already works on, under keys of their own. */
  async begin(): Promise<readonly string[]> {
    const { items } = await this.#admin.get<Page<{ orchestrator: string; name: string; status: string }>>('/orchestrators?status=ONLINE&status=BUSY&limit=50')
    const chosen = items.slice(-members_max)
    this.#members = await Promise.all(chosen.map(async ({ orchestrator: id, name }) => {
      const { secret } = await this.#admin.post(`/orchestrators/${id}/keys`, { name: 'moving' })
      return { id, name, api: this.#admin.as(secret!) }
    }))
    return this.#members.map(({ name }) => name)
  }

  /** One thing happens. What is refused was not to be, and something else happens next time. */
  async step(): Promise<void> {
    try {
      await this.#some()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
  }

  /** Goes on until it is told to stop; what fails is tried again a moment later. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isWell = await this.step().then(() => true, () => false)
      await new Promise((resolve) => setTimeout(resolve, isWell ? step_ms * (0.5 + this.#chance()) : 2_000))
    }
  }

  #pick<T>(from: readonly T[]): T { return from[Math.floor(this.#chance() * from.length)]! }

  async #say(api: Api, path: string, body: object = {}): Promise<Answer> {
    const answer = await api.post(path, body)
    this.#commands++
    return answer
  }

  async #some(): Promise<void> {
    const waiting = this.#leases.find(({ told_ms }) => performance.now() - told_ms > silence_ms_max)
    if (waiting) return this.#work(waiting)
    const old = this.#escalated.find(({ since_ms }) => performance.now() - since_ms > 90_000)
    if (old) return this.#answer(old)
    const chance = this.#chance()
    if (chance < 0.24) return this.#want()
    if (chance < 0.45) return this.#claim()
    if (chance < 0.85 && this.#leases.length > 0) return this.#work(this.#pick(this.#leases))
    if (chance < 0.89) return this.#delegate()
    if (chance < 0.91 && this.#escalated.length < 3) return this.#escalate()
    if (chance < 0.96) return this.#vote()
    const teller = this.#pick(this.#members)
    await this.#say(teller.api, `/orchestrators/${teller.id}/posts`, { kind: 'progress', message: `${this.#pick(things)}: on the way`, channels: ['fleet'] })
  }

  async #want() {
    const { items } = await this.#admin.get<Page<unknown>>(`/tasks?status=TODO&limit=${open_max}`)
    if (items.length >= open_max) return
    const member = this.#pick(this.#members)
    const due_min = this.#pick([2, 20, 90, 600, undefined])
    await this.#say(member.api, '/tasks', {
      title: `${this.#pick(verbs)} ${this.#pick(things)}`, priority: this.#pick(['CRITICAL', 'HIGH', 'MEDIUM', 'MEDIUM', 'LOW']), tags: ['demo'],
      ...(due_min === undefined ? {} : { dueAt: new Date(Date.now() + due_min * 60_000).toISOString() }),
    })
  }

  async #claim() {
    const member = this.#pick(this.#members)
    if (this.#leases.length >= leases_max) return
    const { id, revision } = await this.#say(member.api, `/orchestrators/${member.id}/claim`)
    this.#leases.push({ member, task: id, token: revision, progress: 0, told_ms: performance.now() })
  }

  async #work(lease: Lease) {
    const { member: { api }, task, token } = lease
    lease.told_ms = performance.now()
    try {
      if (lease.progress < 75) {
        lease.progress = Math.min(95, lease.progress + this.#pick([15, 25, 40]))
        await this.#say(api, `/tasks/${task}/progress`, { token, percentage: lease.progress, message: this.#pick(['reading', 'half way', 'checking', 'nearly there']) })
        return
      }
      const chance = this.#chance()
      this.#leases.splice(this.#leases.indexOf(lease), 1)
      if (chance < 0.12) await this.#say(api, `/tasks/${task}/fail`, { token, error: this.#pick(['a test is red', 'the printer is out of ink', 'no answer from customs']), kind: 'test' })
      else if (chance < 0.2) await this.#say(api, `/tasks/${task}/handoff`, { to: this.#other(lease.member).id, notes: 'my context is in there', completionPercentage: 75 })
      else await this.#say(api, `/tasks/${task}/complete`, { token, output: { ok: true } })
    } catch (error) {
      // Somebody else has it by now.
      if (error instanceof Refused && this.#leases.includes(lease)) this.#leases.splice(this.#leases.indexOf(lease), 1)
      throw error
    }
  }

  #other(member: Member): Member { return this.#pick(this.#members.filter(({ id }) => id !== member.id)) }

  async #waiting(member: Member) {
    const { items } = await this.#admin.get<Page<{ task: string; block_kind: string | null }>>(`/tasks?owner=${member.id}&status=TODO&limit=20`)
    return items.length > 0 ? this.#pick(items).task : undefined
  }

  async #delegate() {
    const member = this.#pick(this.#members)
    const task = await this.#waiting(member)
    if (task !== undefined) await this.#say(member.api, `/tasks/${task}/delegate`, { to: this.#other(member).id, note: 'nearer to your discipline' })
  }

  async #escalate() {
    const member = this.#pick(this.#members)
    const task = await this.#waiting(member)
    if (task === undefined) return
    await this.#say(member.api, `/tasks/${task}/escalate`, { reason: this.#pick(['needs access to the archive', 'two sources disagree', 'who may sign this?']), severity: this.#pick(['CRITICAL', 'HIGH', 'MEDIUM']) })
    this.#escalated.push({ task, since_ms: performance.now() })
  }

  /** Nobody of the people who look has answered, so somebody else does. */
  async #answer(old: { readonly task: string; readonly since_ms: number }) {
    this.#escalated.splice(this.#escalated.indexOf(old), 1)
    await this.#say(this.#admin, `/tasks/${old.task}/resolve-escalation`, { resolution: 'granted for today' })
  }

  async #vote() {
    const open = this.#voting.find(({ left }) => left.length > 0)
    if (open) {
      const member = open.left.shift()!
      await this.#say(member.api, `/decisions/${open.decision}/votes`, { vote: this.#pick(['APPROVE', 'APPROVE', 'REJECT', 'ABSTAIN']), comment: 'as discussed' })
      return
    }
    const [proposer] = this.#members
    const { id } = await this.#say(proposer!.api, '/decisions', {
      title: this.#pick(questions), electorate: this.#members.map(({ id }) => id), quorum: 0.5, deadline: new Date(Date.now() + 180_000).toISOString(),
    })
    // The last one keeps the others waiting, until the deadline.
    this.#voting.push({ decision: id, left: this.#members.slice(0, -1) })
  }
}
