import fc from 'fast-check'
import { deciders } from './catalogue.ts'
import { decision } from './council/decision/decider.ts'
import { agent } from './fleet/agent/decider.ts'
import { budget } from './fleet/budget/decider.ts'
import { monthOf } from './fleet/budget/windows.ts'
import { capacity } from './fleet/capacity/decider.ts'
import { conversation } from './fleet/conversation/decider.ts'
import { actionApproval } from './fleet/approval/decider.ts'
import { charter } from './fleet/charter/decider.ts'
import { hashOf } from './fleet/charter/envelope.ts'
import { daemon } from './fleet/daemon/decider.ts'
import { apiKey } from './fleet/key/decider.ts'
import { ledger } from './fleet/ledger/decider.ts'
import { ledgerOf } from './fleet/ledger/state.ts'
import { orchestrator } from './fleet/orchestrator/decider.ts'
import { organization } from './fleet/organization/decider.ts'
import { ids, stepOf, type Step } from './kernel/arbitrary.ts'
import { uuid5 } from './kernel/name-id.ts'
import { send } from './kernel/process.ts'
import { now, orchestrator as actor, organization as acme, system, uuid } from './kernel/testing.ts'
import { day_ms, hour_ms, later, minute_ms } from './kernel/time.ts'
import { World } from './kernel/world.ts'
import { agenda } from './rhythm/agenda/decider.ts'
import { batchRun } from './rhythm/batch-run/decider.ts'
import { batch } from './rhythm/batch/decider.ts'
import { recurrence } from './rhythm/recurrence/decider.ts'
import { schedule } from './rhythm/schedule/decider.ts'
import { conflict } from './work/conflict/decider.ts'
import { conflictId } from './work/conflict/state.ts'
import { dependents } from './work/dependents/decider.ts'
import { task } from './work/task/decider.ts'

/**
 * A world in which something can happen: orchestrators at work, each with a task; the first is under way, the second an agent's, and the
 * last waits for the first and is due before it. Of the agents the first has slots taken and a peer, and the last has failed so often that
 * its circuit is open. Two orchestrators are in conflict, under an id that is met again, and a question is open for an hour.
 * The second orchestrator and the organization have used what they may, and each orchestrator has something set aside. For the first two a
 * task comes round every morning, and batches that do so cancel what there is; of each a run is under way, with an item that has its turn.
 * For the third as many tasks may wait as do. The second is away in a month, and has something planned for noon.
 * The first has a daemon that runs.
 */
export const inhabited = (): World => home.copy()

/** One holiday a year, wherever. */
const almanac: World['supply'] = ({ of: { year } }) =>
  ({ found: [{ date: `${year as number}-05-01`, name: 'May Day' }], library: 'almanac', version: '1' })

function settled(): World {
  const world = new World(deciders, almanac)
  world.carryOut(send(organization, 'acme', 'create', { slug: 'acme', name: 'Acme' }))
  const escalationLadder = [{ people: ['bob'] }, { people: ['admins'] }]
  world.do({ category: 'organization', id: 'acme', command: 'configure', data: { escalationLadder, slaEscalates: true } })
  for (const [index, id] of ids.slice(0, 3).entries()) {
    world.carryOut(send(orchestrator, id, 'register', { name: `Orchestrator ${id.at(-1)}`, consensusWeight: 2 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
    const dueAt = later(world.at, (3 - index) * day_ms)
    world.carryOut(send(task, id, 'create', { owner: id, title: 'Work', dueAt, dependsOn: id === ids[2] ? [ids[0]!] : [] }))
  }
  const [first, second, third, fourth] = ids as [string, string, string, string]
  world.carryOut(send(dependents, first, 'add', { dependent: third }))
  world.carryOut(send(task, first, 'collaborate', {
    collaborators: [second, third].map((orchestrator) => ({ orchestrator, role: 'reviewer' })),
  }))
  world.do({ category: 'task', id: first, command: 'acceptCollaboration', data: {}, by: actor(third) })
  // By a command that others may name: its slot is known by it.
  const start = { ...send(task, first, 'start', {}), by: system }
  world.do(start, { ...world.contextOf(start), commandId: fourth })
  world.carryOut(send(conflict, first, 'open', { kind: 'resource', subject: 'the harbour', orchestrators: [first, second] }))
  world.carryOut(send(apiKey, first, 'generate', { orchestrator: first }))
  world.carryOut(send(apiKey, second, 'generate', { orchestrator: first }))
  world.carryOut(send(apiKey, second, 'reserveRotation', { successor: third }))
  const hand = { name: 'Agent', maxConcurrent: 3, capabilities: [{ skill: 'writing' }] }
  for (const id of [first, second, fourth]) world.carryOut(send(agent, id, 'register', hand))
  world.carryOut(send(apiKey, fourth, 'generateForAgent', { agent: first }))
  world.carryOut(send(agent, first, 'addPeer', { agent: first, peer: second }))
  for (const slot of [first, second]) world.carryOut(send(agent, first, 'reserve', { task: first, slot }))
  for (const slot of [first, second, third]) {
    world.carryOut(send(agent, fourth, 'reserve', { task: first, slot }))
    world.carryOut(send(agent, fourth, 'settle', { task: first, slot, success: false }))
  }
  const assign = { ...send(task, second, 'assign', { assignee: `agent:${second}` }), by: system }
  world.do(assign, { ...world.contextOf(assign), commandId: third })
  const wish = { title: 'Shall we?', electorate: [first, second, third], deadline: later(now, hour_ms) }
  world.carryOut(send(decision, fourth, 'open', { type: 'decision', ...wish }))
  const target = { kind: 'user', id: 'ada' } as const
  world.carryOut(send(conversation, first, 'open', { orchestrator: first, target, content: 'Good morning.' }))
  // In a month, under a name that is met again.
  const vacation = { from: later(now, 30 * day_ms), to: later(now, 40 * day_ms), kind: 'UNAVAILABLE', reason: 'Vacation.' }
  const leave = { ...send(schedule, second, 'addOverride', vacation as never), by: system }
  world.do(leave, { ...world.contextOf(leave), commandId: fourth })
  served(world, first)
  const noon = { orchestrator: second, task: second, start: later(now, 12 * hour_ms), duration_min: 60 }
  const meeting = { ...send(agenda, `${second}.2030`, 'reserve', noon), by: system }
  world.do(meeting, { ...world.contextOf(meeting), commandId: fourth })
  busy(world, first, third)
  ruled(world, first, second)
  spent(world)
  for (const owner of [first, second])
    world.carryOut(send(recurrence, owner, 'define', { owner, template: { title: 'Rise' }, rule: { kind: 'DAILY', time: '06:00' } }))
  for (const id of [first, second]) {
    const work = { command: 'cancel' as const, select: { tasks: [first, second, third] }, maxParallel: 1 }
    world.carryOut(send(batch, id, 'define', { ...work, name: 'Clear', when: { cron: '0 6 * * *', zone: 'UTC' } }))
    world.carryOut(send(batchRun, id, 'begin', { ...work, data: {}, stopOnFailure: false, timeout_s: 3_600, batch: id }))
  }
  return world
}

const home = settled()

/** A daemon of an orchestrator runs; its instance is named like it. */
function served(world: World, first: string) {
  world.carryOut(send(daemon, first, 'register', { orchestrator: first, name: 'quay' }))
  world.carryOut(send(daemon, first, 'connect', { instance: first, version: '1', host: 'quay' }))
}

/** Of one orchestrator the energy is counted, of another the queue has an end. Places are known by commands that others may name. */
function busy(world: World, first: string, last: string) {
  world.carryOut(send(capacity, first, 'adjust', { energyBudget: 100, maxConcurrentTasks: 50, maxConcurrentConversations: 100 }))
  world.carryOut(send(capacity, first, 'reserve', { task: first, command: first }))
  world.carryOut(send(capacity, first, 'reserveConversation', { conversation: first, command: first }))
  world.carryOut(send(capacity, last, 'adjust', { maxQueueSize: 2 }))
  world.carryOut(send(orchestrator, last, 'limitQueue', { maxQueueSize: 2 }))
  world.carryOut(send(capacity, last, 'admit', { task: last, command: first }))
}

/** What is set aside bears the number of who has it, as ids do that are generated. */
function spent(world: World) {
  const { at } = world
  const [first, second, third] = ids as [string, string, string]
  const own = (holder: string) => ledgerOf(holder, monthOf(at))
  const hour = { tokens: { hourly: 10 } }
  const setAside = (holder: string, reservation: string) =>
    world.carryOut(send(ledger, own(holder), 'hold', { reservation, tokens: 5, cost: 1, at, until: later(at, hour_ms) }))
  for (const holder of [first, second, third]) setAside(holder, holder)
  setAside(acme, first)
  world.carryOut(send(budget, second, 'configure', hour))
  world.carryOut(send(budget, acme, 'configureOrganization', hour))
  for (const holder of [second, acme]) {
    world.carryOut(send(ledger, own(holder), 'book', { reservation: null, tokens: 10, cost: 0, at }))
    world.carryOut(send(budget, holder, 'review', {}))
  }
}

/** Two orchestrators have charters, the second of which has fallen; one approval waits, one is good, one is used. */
function ruled(world: World, first: string, second: string) {
  const envelope = { action: 'a' }
  const [good, spent, waiting] = ids as [string, string, string]
  for (const id of [good, spent, waiting]) {
    world.carryOut(send(actionApproval, id, 'request', { orchestrator: first, envelope, reason: 'x', expiresIn_s: 604_800 }))
    if (id !== waiting) world.do({ category: 'actionApproval', id, command: 'approve', data: { hash: hashOf(envelope) } })
  }
  world.carryOut(send(actionApproval, spent, 'take', { orchestrator: first, hash: hashOf(envelope), command: first }))
  for (const id of [first, second]) for (const forbiddenActions of [[], ['a']])
    world.carryOut(send(charter, id, 'publish', { document: { constraints: { forbiddenActions } } }))
  world.carryOut(send(charter, second, 'reportDrift', { score: 0, critical: true }))
}

const [whose, second] = ids as [string, string]

const step = (command: string, data: unknown = {}, wait_ms = 0, [category, id] = ['task', second]): Step =>
  ({ wish: { category, id, command, data }, wait_ms })

const mail: [string, string] = ['emailAddress', second]
const kept = ledgerOf(whose, monthOf(now))

const late = later(now, hour_ms)

const daily: [string, string] = ['recurrence', second]
const morning = later(now, 6 * hour_ms)
const quarrel: [string, string] = ['conflict', conflictId(acme, 'other', 'a')]

const clearing: [string, string] = ['batch', second]
const counts = { done: 1, unchanged: 0, failed: 0, skipped: 0, unfinished: 0 }

const asked: [string, string] = ['decision', ids[3]!]
const byElector = (command: string, data: unknown): Step =>
  ({ wish: { category: 'decision', id: ids[3]!, command, data, by: actor(whose) }, wait_ms: 0 })

const decided: [string, string] = ['decision', uuid(5)]
const undone = { changed: false, revision: null, code: 'NOT_FOUND', detail: {} }
const allotting = { orchestrator: second, maxConcurrentTasks: 9 }

const server: [string, string] = ['daemon', whose]
/** Of the lease under which the first task is worked on, whose slot is named so. */
const run: [string, string] = ['workSession', ids[3]!]
const token = String(home.log.find(({ id, type }) => id === whose && type === 'TaskStarted')!.revision)
const spawned = (tokens = 0) => step('spawn', { daemon: whose, task: whose, token, program: 'a', tokens }, 0, run)
const printed = { exitCode: 0, outputTail: 'a', outputDigest: '0'.repeat(64) }

const planned: [string, string] = ['agenda', `${second}.2030`]

const team: [string, string] = ['ensemble', second]
const word: [string, string] = ['sessionMessage', second]
const crew = { title: 'Together', pattern: 'pair', owner: whose, members: [{ agent: whose }, { agent: second }] }
const swarm = { ...crew, pattern: 'swarm', config: { minAgents: 2 } }
const note = { session: second, from: whose, to: second, type: 'coordination', payload: 'a', requireAcknowledgment: true }
const together = { title: 'Together', pattern: 'solo', owner: whose }

/** What only comes about by one thing after the other, or by one actor. */
const courses: readonly (readonly Step[])[] = [
  [step('start'), step('fail', { error: 'no', retryable: false }), step('retry')],
  [step('start'), step('heartbeat', {}, 20_000), step('complete'), step('rate', { rating: 4 })],
  [step('cancel'), step('reopen')],
  [step('requireApproval', { decision: ids[3]! }), step('dropApproval', { decision: ids[3]! })],
  [step('reserve', { orchestrator: second, task: second, start: later(now, 5 * hour_ms), duration_min: 60 }, 0, planned)],
  [step('release', { orchestrator: second, reservation: `2030${ids[3]!.slice(4)}` }, 0, planned)],
  [step('defer', { until: late, reason: 'a' }), step('undefer')],
  [step('defer', { until: late, reason: 'a' }), step('endDeferral', { until: late }, 2 * hour_ms)],
  [step('complete', {}, 0, ['task', whose]), step('release', {}, 0, ['dependents', whose])],
  [step('complete', {}, 0, ['task', whose]), step('settleDependencies', {}, 0, ['task', ids[2]!])],
  [
    step('suspend', { slug: 'acme', reason: 'why' }, 0, ['organization', 'acme']),
    step('resume', { slug: 'acme' }, 0, ['organization', 'acme']),
  ],
  [step('startSelected', { worker: second, selection: { policy: 'any', candidates: [], rejected: [] } })],
  [step('edit', { slaDeadline: now }), step('warnSla', { slaDeadline: now }, 1)],
  [step('edit', { slaDeadline: late }), step('violateSla', { slaDeadline: late }, 2 * hour_ms)],
  [
    step('reserve', { orchestrator: whose, command: whose }, 0, mail),
    step('release', { orchestrator: whose, command: whose, reason: 'not-started' }, 0, mail),
  ],
  [
    step('reserve', { orchestrator: whose, command: whose }, 0, mail),
    step('expire', { orchestrator: whose, command: whose }, hour_ms, mail),
  ],
  [step('reserve', { orchestrator: whose, command: whose }, 0, mail), step('confirm', { orchestrator: whose, command: whose }, 0, mail)],
  [step('open', { type: 'decision', title: 'Shall we?', electorate: [whose, second] }, 0, ['decision', whose])],
  [step('expire', {}, 8 * day_ms, ['actionApproval', ids[2]!])],
  [step('lapse', { message: '1' }, 0, ['conversation', whose])],
  [step('fire', { due: morning }, 6 * hour_ms, daily)],
  [step('pause', {}, 0, daily), step('resume', {}, day_ms, daily)],
  [step('openForTask', { task: whose, electorate: [whose, second] }, 0, ['decision', ids[2]!])],
  [
    step('open', { kind: 'other', subject: 'a', orchestrators: [whose, second], tasks: [second], hold: true }, 0, quarrel),
    step('holdForConflict', { conflict: quarrel[1] }), step('dismiss', { reason: 'a' }, 0, quarrel),
    step('releaseFromConflict', { conflict: quarrel[1] }),
  ],
  [
    step('launch', { due: morning }, 6 * hour_ms, clearing),
    step('runEnded', { run: uuid5(morning, second), counts, cause: 'finished' }, 0, clearing),
  ],
  [step('pause', {}, 0, clearing), step('resume', {}, day_ms, clearing)],
  [step('beginMoves', { batch: second, moves: [{ task: second, from: second, to: whose, reason: 'a' }] }, 0, ['batchRun', uuid(6)])],
  [step('settle', { no: 1, outcome: { changed: true, revision: '1', code: null, detail: {} } }, 0, ['batchRun', second])],
  [step('settleLease', { no: 1, outcome: 'done' }, 0, ['batchRun', whose])],
  [
    step('suspend', { slug: acme, reason: 'a' }, 0, ['organization', acme]), step('resume', { slug: acme }, 0, ['organization', acme]),
  ],
  [
    { wish: { category: 'orchestrator', id: whose, command: 'appointProxy', data: { to: second }, by: actor(whose) }, wait_ms: 0 },
    { wish: { category: 'orchestrator', id: whose, command: 'appointProxy', data: { to: null }, by: actor(whose) }, wait_ms: 0 },
  ],
  [byElector('appoint', { to: second }), byElector('cast', { vote: 'APPROVE' }), step('remind', { deadline: late, left_s: 60 }, 0, asked)],
  [step('open', { type: 'decision', title: 'Again?', electorate: ids, deadline: later(now, 2 * day_ms) }, 0, ['decision', second])],
  [step('extend', { deadline: later(now, 2 * day_ms), reason: 'More time.' }, 0, asked)],
  [
    step('closeNow', {}, 2 * hour_ms, asked), step('recordResult', { right: 'APPROVE' }, 0, asked),
    byElector('dissent', { text: 'It was too early.' }),
  ],
  [step('miss', { instance: whose, lastSeen: now }, 0, server), step('recover', { instance: whose, heard: late }, hour_ms, server)],
  [step('drain', {}, 0, server), step('stopAtDeadline', {}, hour_ms, server), step('retire', {}, 0, server)],
  [
    spawned(5), step('start', {}, 0, run), step('output', { text: 'a' }, 0, run), step('metrics', { metrics: {} }, 0, run),
    step('pause', {}, 0, run), step('resume', {}, 1_000, run), step('complete', printed, 0, run),
    step('settle', { reservation: whose, tokens: 1, cost: 0, whole: false }, 0, ['ledger', kept]),
  ],
  [step('generateForDaemon', { daemon: whose }, 0, ['apiKey', ids[2]!])],
  [spawned(), step('fail', { kind: 'oom', error: 'no memory' }, 0, run)],
  [spawned(), step('terminate', { reason: 'enough' }, 0, run)],
  [spawned(), step('end', { how: 'failed', kind: 'lost', why: 'LeaseExpired' }, 0, run)],
  [step('escalate', { reason: 'a' }), step('acknowledgeEscalation'), step('resolveEscalation', { resolution: 'so be it' })],
  [step('escalate', { reason: 'a' }), ...['1', '2', '3', '4'].map((escalation) => step('raise', { escalation, level: 2 }, hour_ms))],
  [
    step('edit', { slaDeadline: late }), step('violateSla', { slaDeadline: late }, 2 * hour_ms),
    step('escalateOverdue', { slaDeadline: late }),
  ],
  [
    step('open', {
      type: 'resource_allocation', title: 'More?', electorate: [whose], minElectorate: 1, effect: allotting,
    }, 0, decided),
    { wish: { category: 'decision', id: uuid(5), command: 'cast', data: { vote: 'APPROVE' }, by: actor(whose) }, wait_ms: 0 },
    step('reportEffect', { outcome: undone }, 0, decided), step('applyEffect', {}, 0, decided),
  ],
  [
    step('create', { owner: whose, title: 'Work' }, 0, ['task', ids[3]!]),
    step('even', { from: whose, to: second, reason: 'why' }, 0, ['task', ids[3]!]),
  ],
  [step('publish', { document: { limits: { maxSessions: 2 } } }, 0, ['charter', whose]), step('guard', {}, 0, ['capacity', whose])],
  [step('select', {}, 0, ['selection', second])],
  [step('form', { ...together, autoStart: false }, 0, team), step('start', {}, 0, team), step('complete', {}, 0, team)],
  [step('form', together, 0, team), step('fail', { reason: 'a' }, 0, team)],
  [step('form', { ...together, autoStart: false }, 0, team), step('cancel', {}, 0, team)],
  [step('form', crew, 0, team), step('send', note, 0, word), step('acknowledge', { agent: second }, 0, word)],
  [step('form', crew, 0, team), step('send', note, 0, word), step('process', { agent: second }, 0, word)],
  [step('form', crew, 0, team), step('send', note, 0, word), step('expire', {}, minute_ms, word)],
  [
    step('form', swarm, 0, team), step('join', { agent: ids[3]! }, 0, team), step('leave', { agent: second }, 0, team),
    step('replace', { attempt: 0 }, 0, team), step('replace', { attempt: 1 }, 5_000, team),
  ],
  [step('form', { ...together, deadline: late }, 0, team), step('expire', { deadline: late }, hour_ms, team)],
  [step('propose', {}, 0, ['rebalance', second]), step('apply', {}, 0, ['rebalance', second])],
  // It is the revision of the move, which is among the first of its stream.
  [step('delegate', { to: whose, answerWithin_s: 60 }), ...['1', '2', '3'].map((delegation) => step('timeOut', { delegation }, hour_ms))],
  [
    step('delegate', { to: whose, retries: 1 }), step('declineDelegation', { reason: 'no time' }),
    ...['1', '2', '3'].map((delegation) => step('redelegate', { delegation })),
  ],
  [
    step('hold', { reservation: second, tokens: 5, cost: 1, at: now, until: late }, 0, ['ledger', kept]),
    step('expire', { reservation: second }, 2 * hour_ms, ['ledger', kept]),
  ],
  [
    step('hold', { reservation: second, tokens: 5, cost: 1, at: now, until: late }, 0, ['ledger', kept]),
    step('letGo', { reservation: second }, 0, ['ledger', kept]),
  ],
  [
    step('reserveConversation', { conversation: whose, command: second }, 0, ['capacity', second]),
    step('confirmConversation', { conversation: whose, command: second }, 0, ['capacity', second]),
  ],
  [
    step('register', { url: 'https://example.org/', types: ['*'] }, 0, ['webhook', kept]), step('test', {}, 0, ['webhook', kept]),
    step('redeliver', { deliveries: [second] }, 0, ['webhook', kept]), step('rotate', {}, 0, ['webhook', kept]),
    step('update', { url: 'https://example.org/other' }, 0, ['webhook', kept]), step('pause', {}, 0, ['webhook', kept]),
    step('resume', {}, 0, ['webhook', kept]), step('disable', { cause: 'gone' }, 0, ['webhook', kept]),
    step('delete', {}, 0, ['webhook', kept]),
  ],
]

/** Whatever anybody does, as many steps as these; now and then one that leads somewhere follows another. */
export const lives = (min: number, max: number): fc.Arbitrary<readonly Step[]> => fc.array(fc.oneof(
  { weight: 60, arbitrary: stepOf(deciders).map((one) => [one]) }, { weight: 3, arbitrary: fc.constantFrom(...courses) },
), { minLength: min, maxLength: max, size: 'max' }).map((parts) => parts.flat())

/** The world after these steps. */
export function lived(steps: readonly Step[], world: World = inhabited()): World {
  for (const { wish, wait_ms } of steps) {
    world.pass(wait_ms)
    world.do(wish)
  }
  return world
}
