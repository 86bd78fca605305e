import { Refused, type Answer, type Api } from './api.ts'
import { until } from './until.ts'

const budget_tokens = 100_000
const failures = 3
const minute_ms = 60_000

interface Agent { readonly id: string; readonly name: string; readonly api: Api }
interface Page<Row> { readonly items: readonly Row[] }
interface Shown { readonly type: string; readonly at: string; readonly summary: string }

/** One orchestrator with two agents, a circuit, a budget and a charter, through the public API: what came of it, and where it ended. */
export async function guard(admin: Api): Promise<{ readonly lines: readonly string[]; readonly position: bigint }> {
  return await new Guarded(admin).run()
}

class Guarded {
  readonly #admin: Api
  readonly #lines: string[] = []
  #position = '0'

  constructor(admin: Api) {
    this.#admin = admin
  }

  async run() {
    const { id } = await this.#say(this.#admin, '/orchestrators', { name: 'Harbour Master', maxConcurrentTasks: 2 })
    const { secret } = await this.#admin.post(`/orchestrators/${id}/keys`, { name: 'demo' })
    const own = this.#admin.as(secret!)
    await this.#say(own, `/orchestrators/${id}/activate`)
    const [rust, iris] = [await this.#agent('Rust', id), await this.#agent('Iris', id)]
    this.#lines.push(`Harbour Master and two agents, ${rust.name} and ${iris.name}:`)
    await this.#breaker(id, rust)
    await this.#budget(id, own)
    await this.#approval(id, iris)
    return { lines: this.#lines, position: BigInt(this.#position) }
  }

  async #say(api: Api, path: string, body: object = {}, headers = {}): Promise<Answer> {
    const answer = await api.post(path, body, headers)
    if (BigInt(answer.position) > BigInt(this.#position)) this.#position = answer.position
    return answer
  }

  async #agent(name: string, orchestrator: string): Promise<Agent> {
    const { id } = await this.#say(this.#admin, '/agents', {
      name, orchestrator, maxConcurrent: 2, capabilities: [{ skill: 'dredging' }],
    })
    const { secret } = await this.#admin.post(`/agents/${id}/keys`, { name: 'demo' })
    return { id, name, api: this.#admin.as(secret!) }
  }

  async #task(owner: string, title: string, { id }: Agent, headers = {}): Promise<string> {
    const { id: task } = await this.#say(this.#admin, '/tasks', { owner, title, requiredCapabilities: ['dredging'] }, headers)
    await this.#say(this.#admin, `/tasks/${task}/assign`, { assignee: `agent:${id}` }, headers)
    return task
  }

  /** What failed is told as of ten minutes ago, so that the time of the open circuit is up by now. */
  async #breaker(owner: string, agent: Agent) {
    const before = (n: number) => ({ importedAt: new Date(Date.now() - (10 + failures - n) * minute_ms).toISOString() })
    for (let n = 1; n <= failures; n++) {
      const task = await this.#task(owner, `Dredge basin ${n}`, agent, before(n))
      const { revision: token } = await this.#say(this.#admin, `/tasks/${task}/start`, {}, before(n))
      await this.#say(this.#admin, `/tasks/${task}/fail`, { token, error: 'the pump stands still', retryable: false }, before(n))
      await this.#rowOf(agent, ({ bad }) => bad === n)
    }
    const { reliability: low } = await this.#rowOf(agent, ({ breaker }) => breaker === 'OPEN')
    const task = await this.#task(owner, 'Dredge the fairway', agent)
    const { revision: token } = await this.#say(agent.api, `/tasks/${task}/start`)
    await this.#say(agent.api, `/tasks/${task}/complete`, { token })
    const { reliability } = await this.#rowOf(agent, ({ breaker, good }) => breaker === 'CLOSED' && good === 1)
    const { items } = await this.#admin.get<Page<Shown>>(`/timeline?stream=agent-${agent.id}&limit=200&${this.#now()}`)
    const circuit = items.flatMap(({ type, at }) => {
      const [, what] = /^AgentCircuit(\w+)$/.exec(type) ?? []
      return what ? [`${what === 'HalfOpened' ? 'half open' : what.toLowerCase()} at ${at.slice(11, 19)}`] : []
    })
    const what = `circuit ${circuit.join(', ')}; reliability ${low}, then ${reliability}`
    this.#lines.push(`  ${agent.name} failed ${failures} times in a row, then did well: ${what}`)
  }

  async #rowOf({ id }: Agent, isSo: (row: { bad: number; good: number; breaker: string }) => boolean) {
    type Row = { bad: number; good: number; breaker: string; reliability: number }
    return await until(async () => {
      const row = await this.#admin.get<Row>(`/agents/${id}?${this.#now()}`)
      return isSo(row) ? row : undefined
    })
  }

  /** Rows that have all that was told so far. */
  #now() {
    return `minPosition=${this.#position}`
  }

  async #budget(id: string, own: Api) {
    await this.#admin.send('PUT', `/orchestrators/${id}/budget`, { tokens: { daily: budget_tokens } })
    const { id: ledger } = await this.#say(own, `/orchestrators/${id}/budget/consume`, { tokens: budget_tokens * 3 / 4 })
    const { windows } = await this.#admin.get(`/orchestrators/${id}/budget?${this.#now()}`)
    const { used, limit } = windows.find(({ unit, window }: { unit: string; window: string }) => unit === 'tokens' && window === 'day')
    const { items } = await this.#admin.get<Page<Shown>>(`/timeline?stream=ledger-${ledger}&type=BudgetThresholdCrossed&${this.#now()}`)
    const told = items.map(({ summary }) => summary.replace(/.*percent: (\d+), level: (\w+).*/, '$1 % ($2)'))
    this.#lines.push(`  ${used} of ${limit} tokens of the day are used: ${told.join(', ')}`)
  }

  async #approval(id: string, agent: Agent) {
    const wanted = await this.#task(id, 'Open the lock', agent)
    const other = await this.#task(id, 'Drain the dock', agent)
    await this.#say(this.#admin, `/orchestrators/${id}/charter`, { document: { constraints: { requireApprovalFor: ['task.start'] } } })
    await until(async () => (await this.#admin.get(`/orchestrators/${id}`)).charter_version === 1)
    const refused = await refusal(agent.api.post(`/tasks/${wanted}/start`))
    const { envelope, hash } = refused.document.context as { envelope: object; hash: string }
    const { id: approval } = await this.#say(agent.api, '/approvals', { orchestrator: id, envelope, reason: 'the ship waits' })
    await this.#say(this.#admin, `/approvals/${approval}/approve`, { hash })
    const elsewhere = await refusal(agent.api.post(`/tasks/${other}/start`, {}, { approval }))
    const { revision: token } = await this.#say(agent.api, `/tasks/${wanted}/start`, {}, { approval })
    await this.#say(agent.api, `/tasks/${wanted}/complete`, { token })
    const { status, approvers } = await this.#admin.get(`/approvals/${approval}?${this.#now()}`)
    this.#lines.push(
      `  ${agent.name} may start nothing by itself: ${refused.code}. One approval, signed by ${approvers.length}, shown for another task:`,
      `  ${elsewhere.code}; for the task that it is for: started, and the approval is ${status}`,
    )
  }
}

async function refusal(asked: Promise<unknown>): Promise<Refused> {
  try {
    await asked
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
  throw new Error('what a charter forbids was not refused')
}
