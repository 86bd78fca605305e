import { spawnSync } from 'node:child_process'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { deciders } from 'shared-domain/catalogue.ts'
import { dossier } from 'shared-domain/council/dossier/making.ts'
import { isProven, verified } from 'shared-domain/council/dossier/verifying.ts'
import { sealedParts, sealOf } from 'shared-domain/council/dossier/making.ts'
import { canonicalJson } from 'shared-domain/kernel/canonical-json.ts'
import { Rejection } from 'shared-domain/kernel/decider.ts'
import { versionOf } from 'shared-domain/kernel/events.ts'
import { send } from 'shared-domain/kernel/process.ts'
import type { Written } from 'shared-domain/kernel/proof.ts'
import { orchestrator as actor, uuid } from 'shared-domain/kernel/testing.ts'
import { hour_ms, later } from 'shared-domain/kernel/time.ts'
import { World } from 'shared-domain/kernel/world.ts'
import { decision } from 'shared-domain/council/decision/decider.ts'
import { orchestrator } from 'shared-domain/fleet/orchestrator/decider.ts'
import { writtenOf } from '../query-service/src/proofs.ts'
import { startServer } from '../infra/embedded/eventstore/server.ts'
import { openStore } from '../infra/embedded/eventstore/store.ts'
import { exportServer } from '../infra/embedded/eventstore/tools/export-log.ts'
import { importLog } from '../infra/embedded/eventstore/tools/import-log.ts'
import { serverTarget } from '../infra/embedded/eventstore/tools/targets.ts'
import { fingerprintOf, isSigned, notaryKeyIn, notaryKeysOf, rotated } from 'shared-service/notary-key.ts'

const folder = t.testdir()
const means = { fingerprintOf, isSigned }
const keyFile = notaryKeyIn(join(folder, 'notary.key'))
const keys = notaryKeysOf(keyFile)
const [a, b, c, question] = [11, 12, 13, 31].map(uuid) as [string, string, string, string]

/** A decision and what is done with it; its facts as they are stored. */
function course(said: object, ...acts: readonly (readonly [by: string, command: string, data: object])[]): readonly Written[] {
  const world = new World(deciders)
  for (const id of [a, b, c]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', consensusWeight: 2 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  world.do({ category: 'decision', id: question, command: 'open', data: { title: 'Shall we?', electorate: [a, b, c], ...said } })
  for (const [by, command, data] of acts) {
    if (command === 'closeNow') world.pass(2 * hour_ms)
    const outcome = world.do({ category: 'decision', id: question, command, data, ...(by === '' ? {} : { by: actor(by) }) })
    if (outcome instanceof Rejection) throw new Error(`${command}: ${outcome.code}`)
  }
  return world.log.filter(({ id, category }) => category === 'decision' && id === question).map((fact, revision) => ({
    revision, position: fact.position, eventId: uuid(500 + revision), type: fact.type,
    version: versionOf(decision.events.definitions[fact.type]!), at: fact.at, by: fact.by, commandId: fact.commandId, data: fact.data,
  }))
}

/** As the query service writes it. */
function written(facts: readonly Written[], by = keys): string {
  const made = dossier.make(facts, { id: question, organization: 'acme' })
  if (made instanceof Rejection) throw new Error(made.code)
  const signature = { algorithm: 'ed25519', keyId: by.keyId, value: by.sign(canonicalJson(made.signed)) }
  return canonicalJson({ ...made.body, keys: by.keys, signature })
}

const votes = [[a, 'cast', { vote: 'APPROVE', comment: 'good' }], [b, 'cast', { vote: 'REJECT' }]] as const
const approval = course({}, ...votes, [c, 'cast', { vote: 'APPROVE' }], [b, 'dissent', { text: 'Too early.' }])
const text = written(approval)
const check = (text: string) => verified(text, means)

t.test('C-45 a dossier holds every fact and what it comes to, and verifies whatever rule decided', async (t) => {
  const found = check(text)
  t.match(found, { dossier: { outcome: { status: 'approved', decidedBy: { elector: c } }, dissent: [{ elector: b, dissent: 'Too early.' }] } })
  t.equal(written(approval), text, 'the same facts make the same bytes')
  const deadline = later('2030-01-01T00:00:00.000Z', hour_ms)
  const options = ['x', 'y', 'z'].map((option) => ({ option, title: option }))
  const ranked = [[a, 'cast', { ranking: ['y', 'x'] }], [b, 'cast', { ranking: ['x'] }], [c, 'cast', { ranking: ['y'] }]] as const
  const others: (readonly [status: string, facts: readonly Written[]])[] = [
    ['approved', course({ protocol: 'schulze', options }, ...ranked)], ['approved', course({ protocol: 'instant_runoff', options }, ...ranked)],
    ['expired', course({ deadline }, votes[0], ['', 'closeNow', {}])], ['cancelled', course({}, votes[0], ['', 'cancel', { reason: 'moot' }])],
    ['rejected', course({ vetoers: [b] }, [c, 'appoint', { to: a }], ...votes, ['', 'recordResult', { right: 'APPROVE' }])],
    ['approved', course({ protocol: 'weighted', threshold: '2/3' }, [c, 'appoint', { to: a }], votes[0])],
    ['expired', course({ deadline }, ['', 'extend', { deadline: later(deadline, 1), reason: 'late' }], [a, 'argue', { side: 'for', text: 'Yes.' }],
      ['', 'remind', { deadline: later(deadline, 1), left_s: 60 }], votes[1], [b, 'cast', { vote: 'APPROVE' }], ['', 'closeNow', {}])],
  ]
  const secret = { ballot: 'sealed', deadline }
  others.push(...([
    ['approved', course(secret, [a, 'cast', { vote: 'REJECT' }], ...votes, [c, 'appoint', { to: a }])],
    ['rejected', course(secret, [c, 'appoint', { to: b }], ...votes)],
    ['expired', course({ ...secret, quorum: 1 }, ...votes, ['', 'closeNow', {}])],
    ['cancelled', course(secret, ...votes, ['', 'cancel', {}])],
  ] as const))
  for (const [status, facts] of others) {
    const found = check(written(facts))
    t.equal(isProven(found) ? found.dossier.outcome.status : JSON.stringify(found), status)
  }
  t.match(dossier.make(course({}, votes[0]), { id: question, organization: 'acme' }), { code: 'DECISION_PENDING' })
  t.match(dossier.make([], { id: question, organization: 'acme' }), { code: 'NOT_FOUND' })
})

t.test('C-74 a dossier is made and verifies after its log was exported and imported elsewhere', async (t) => {
  const stream = `decision-${question}`
  const serving = async (name: string) => {
    const store = await openStore({ dir: join(folder, name) })
    const server = await startServer({ store, port: 0 })
    const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${server.port}?tls=false`)
    t.teardown(async () => {
      await client.dispose()
      await server.stop()
      await store.close()
    })
    return client
  }
  const [one, other] = [await serving('one'), await serving('other')]
  // The other log begins with something else, so that its positions are others.
  await one.appendToStream('other-1', jsonEvent({ type: 'Happened', data: {} }))
  await one.appendToStream(stream, approval.map(({ type, data, version, at, by, commandId }) =>
    jsonEvent({ type, data: data as never, metadata: { version, at, by, commandId, organization: 'acme' } as never })))
  const stored = async (client: EventStoreDBClient) => {
    const facts: Written[] = []
    for await (const { event } of client.readStream(stream)) facts.push(writtenOf(event!))
    return written(facts)
  }
  const target = await serverTarget(other)
  await importLog(exportServer(one), { ...target, close: async () => undefined })
  const [before, after] = [await stored(one), await stored(other)]
  for (const text of [before, after]) t.ok(isProven(check(text)), JSON.stringify(check(text)).slice(0, 200))
  const told = (text: string) => JSON.parse(text).facts.map(({ position: _, ...fact }: Written) => fact)
  t.strictSame(told(after), told(before), 'the facts are the same')
})

t.test('C-46 C-74 no byte of a dossier can be another', async (t) => {
  const small = Buffer.from(written(course({ electorate: [a], minElectorate: 1 }, votes[0])))
  const passed: number[] = []
  for (let index = 0; index < small.length; index++) for (const bit of [0x01, 0x20]) {
    const altered = Buffer.from(small)
    altered[index]! ^= bit
    try {
      if (isProven(check(altered.toString('utf8')))) passed.push(index)
    } catch {
      // What is no JSON any more cannot be read.
    }
  }
  t.strictSame(passed, [], `of ${small.length} bytes`)
})

/** The same with something altered, sealed and signed again by whoever has the key. */
function forged(alter: (dossier: any) => void, isSealed = true, of = text): string {
  const value = JSON.parse(of)
  alter(value)
  const { format, decision, organization, revision, position } = value
  if (isSealed) value.seals = sealedParts(value).map(([pointer, part]) => ({ pointer, sha256: sealOf(part) }))
  value.signature.value = keys.sign(canonicalJson({ format, decision, organization, revision, position, seals: value.seals }))
  return canonicalJson(value)
}

t.test('C-46 the first thing altered is named, also where whoever altered it has the key', async (t) => {
  const first = approval.findIndex(({ type }) => type === 'VoteCast')
  const last = approval.findIndex(({ type }) => type === 'DecisionApproved')
  const told = (alter: (dossier: any) => void, isSealed?: boolean) => check(forged(alter, isSealed))
  t.strictSame(told((one) => { one.facts[first].data.comment = 'bad' }, false), {
    pointer: `/facts/${first}`, says: `VoteCast of ${a}: sealed content differs`,
  })
  const named: readonly (readonly [pointer: RegExp, alter: (dossier: any) => void])[] = [
    [/^\/facts\/4\/data\/tally/, (one) => { one.facts[first].data.tally.approvals = 2 }],
    [/^\/facts\/4\/data\/weight/, (one) => { one.facts[first].data.weight = '9' }],
    [/^\/facts\/4\/by/, (one) => { one.facts[first].by.id = b }],
    [/^\/facts\/4\/data\/elector/, (one) => { one.facts[first].data.elector = uuid(77) }],
    [/^\/facts\/4$/, (one) => { one.facts[first].version = 99 }],
    [/^\/facts\/4$/, (one) => { one.facts[first].data.weight = 9 }],
    [/^\/facts\/1\/data/, (one) => { one.facts[1].data.weight = '9' }],
    [/^\/facts\/5/, (one) => { one.facts.splice(5, 1) }],
    [/^\/facts\/5\/data\/tally/, (one) => { one.facts[5].data.vote = 'APPROVE' }],
    [/^\/facts\/7/, (one) => { one.facts[last].type = 'DecisionRejected' }],
    [/^\/facts\/7\/data\/decidedBy/, (one) => { one.facts[last].data.decidedBy.elector = a }],
    [/^\/facts\/7\/commandId/, (one) => { one.facts[last].commandId = 'x' }],
    [/^\/facts\/8\/data\/agreed/, (one) => { one.facts[8].data.agreed.pop() }],
    [/^\/facts\/9\/data\/elector/, (one) => { one.facts[9].data.elector = a }],
    [/^\/votes\/0\/comment/, (one) => { one.votes[0].comment = 'bad' }],
    [/^\/outcome\/status/, (one) => { one.outcome.status = 'rejected' }],
    [/^\/dissent/, (one) => { one.dissent.pop() }],
    [/^\/revision/, (one) => { one.revision = 7 }],
    [/^\/seals\/0/, (one) => { one.seals.reverse() }],
    [/^\/keys\/0\/keyId/, (one) => { one.keys[0].keyId = 'a'.repeat(64) }],
    [/^\/format/, (one) => { one.format = 'baton-dossier/2' }],
  ]
  for (const [pointer, alter] of named) t.match(told(alter, !alter.toString().includes('seals')), { pointer }, alter.toString())
  const underSeal = written(course({ ballot: 'sealed', vetoers: [b] }, ...votes))
  const opened = JSON.parse(underSeal).facts.findIndex(({ type }: { type: string }) => type === 'BallotsOpened')
  for (const alter of [(one: any) => { one.facts[opened].data.ballots[0].vote = 'REJECT' }, (one: any) => { one.facts[opened - 1].data.ballot.vote = 'APPROVE' }])
    t.match(check(forged(alter, true, underSeal)), { pointer: /^\/facts\/\d/ }, alter.toString())
  const withdrawn = written(course({ ballot: 'sealed' }, ...votes, ['', 'cancel', {}]))
  t.ok(isProven(check(withdrawn)))
  t.notMatch(withdrawn, /"vote":"|good/, 'C-75 what was never opened stays sealed')
  const broken = JSON.parse(text)
  broken.facts[first].data.comment = 'bad'
  broken.seals[3 + first].sha256 = sealOf(broken.facts[first])
  broken.votes = []
  t.match(check(canonicalJson(broken)), { pointer: '/signature', says: /\/votes: sealed content differs/ })
  t.match(check(` ${text}`), { says: 'is not written in the canonical way' })
})

t.test('O-31 a new key is vouched for by the one before, and nobody else is', async (t) => {
  const next = rotated(notaryKeyIn(join(folder, 'next.key')))
  t.equal(next.keys.length, 2)
  t.match(check(written(approval, next)), { keys: next.keys.map(({ keyId }) => keyId) })
  const [first, second] = next.keys as [any, any]
  const strange = { ...next, keys: [first, { ...second, signature: keys.sign('x') }] }
  t.match(check(written(approval, strange)), { pointer: '/keys/1/signature' })
  writeFileSync(join(folder, 'none'), 'no key')
  t.throws(() => notaryKeysOf(join(folder, 'none')), { message: /holds no key to sign with/ })
})

t.test('C-46 baton verify-decision, and a second program that shares no code with it, agree', async (t) => {
  const root = join(import.meta.dirname, '..')
  const run = (program: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, program), ...args], { encoding: 'utf8' })
    return { status, said: stdout + stderr }
  }
  const [good, bad, none] = ['good.json', 'bad.json', 'none.json'].map((name) => join(folder, name)) as [string, string, string]
  writeFileSync(good, text)
  writeFileSync(bad, text.replace('"good"', '"evil"'))
  writeFileSync(none, '{')
  t.match(run('scripts/baton.ts', 'verify-decision', good), { status: 0, said: /^valid: .* is approved, signed by .*; key not pinned/ })
  t.match(run('scripts/baton.ts', 'verify-decision', good, '--trust', keys.keyId), { status: 0, said: new RegExp(`signed by ${keys.keyId}\n`) })
  t.match(run('scripts/baton.ts', 'verify-decision', good, '--trust', 'f'.repeat(64)), { status: 1 })
  t.match(run('scripts/baton.ts', 'verify-decision', bad, '--json'), { status: 1, said: /sealed content differs/ })
  t.equal(run('scripts/baton.ts', 'verify-decision', none).status, 2)
  t.match(run('scripts/second-opinion.mjs', good), { status: 0, said: 'valid: approved\n' })
  t.match(run('scripts/second-opinion.mjs', bad), { status: 1, said: /altered: \/facts\/4/ })
  const source = readFileSync(join(root, 'scripts/second-opinion.mjs'), 'utf8')
  t.ok(source.split('\n').length <= 100)
  t.strictSame([...source.matchAll(/from '([^']+)'/g)].map(([, name]) => name), ['node:crypto', 'node:fs'])
})
