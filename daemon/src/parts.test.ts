import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { configIn, configOf, environmentOf, keyIn, ofGuards } from './config.ts'
import { Lines, Output } from './output.ts'
import { jsonOf, promptOf } from './prompt.ts'
import { reportIn, Told } from './reports.ts'
import { isRetryable, kindOf, type Cause } from './verdict.ts'

const key = `bk_${'a'.repeat(43)}`
const said = { url: 'http://127.0.0.1:8080', keyFile: 'key', name: 'quay', programs: { agent: { command: ['agent', '--task', '-'] } }, program: 'agent' }

t.test('F-93 a configuration says what it must, and nothing else', async (t) => {
  t.match(configOf(said), {
    maxSessions: 10, directory: '.baton/daemon', port: 8787, capabilities: [], programs: { agent: { stdin: 'prompt', timeout_s: 3_600, tokens: 0, env: [] } },
  })
  t.throws(() => configOf({ ...said, program: 'other' }), /program is none of the programs/)
  t.throws(() => configOf({ ...said, programms: {} }), /programms/)
  t.throws(() => configOf({ ...said, programs: {} }), /programs are 1 to 50/)
  t.throws(() => configOf({ ...said, programs: { agent: { command: 'agent' } } }), /programs.agent.command/)
  const folder = mkdtempSync(join(tmpdir(), 'config-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'config.json')
  t.throws(() => configIn(file), /cannot be read/)
  writeFileSync(file, JSON.stringify(said))
  t.equal(configIn(file).name, 'quay')
  writeFileSync(join(folder, 'key'), `${key}\n`)
  t.equal(keyIn({ keyFile: join(folder, 'key') }), key)
  t.throws(() => keyIn({ keyFile: file }), /holds no key/)
})

t.test('F-93 F-105 a program is handed what it needs and never the key', async (t) => {
  const outer = { PATH: '/bin', HOME: '/home', SECRET: 'x', BATON_API_KEY: key, MINE: `Bearer ${key}`, MODEL: 'm' }
  t.strictSame(environmentOf({ env: ['MODEL', 'BATON_API_KEY', 'MINE', 'NONE'] }, { BATON_TASK: '1' }, key, outer), { PATH: '/bin', HOME: '/home', MODEL: 'm', BATON_TASK: '1' })
  t.strictSame(ofGuards({ PATH: '/bin', BATON_API_KEY: key }), { PATH: '/bin' })
})

t.test('F-93 a line that is a report is one, and whatever is not is output', async (t) => {
  t.strictSame(reportIn('::baton {"progress":40,"message":"half"}'), { progress: 40, message: 'half' })
  for (const line of ['::baton {"progress":140}', '::baton {"progres":1}', '::baton {', '::baton', ' ::baton {}', 'progress']) t.equal(reportIn(line), undefined, line)
  t.equal(reportIn(`::baton ${JSON.stringify({ output: 'x'.repeat(65_536) })}`), undefined, 'what is too large')
  const told = new Told()
  for (const line of ['{"progress":40}', '{"tokens":5,"cost":1}', '{"message":"m"}', '{"artifact":{"name":"a","uri":"b"}}', '{"tokens":9}', '{"output":null}']) told.take(reportIn(`::baton ${line}`)!)
  t.match(told, { progress: 40, message: 'm', tokens: 9, cost: 1, output: null, hasOutput: true, artifacts: [{ name: 'a', uri: 'b' }], isFresh: true })
})

t.test('F-93 what arrives in pieces are lines, and one that never ends is cut', async (t) => {
  const lines = new Lines()
  t.strictSame(lines.take(Buffer.from('a\nb')), ['a'])
  t.strictSame(lines.take(Buffer.from([0xc3])), [])
  t.strictSame(lines.take(Buffer.from([0xbc, 10])), ['bü'])
  t.strictSame(lines.take(Buffer.from('x'.repeat(40_000))).map(({ length }) => length), [16_384, 16_384])
  t.strictSame(lines.end().map(({ length }) => length), [40_000 - 2 * 16_384])
  t.strictSame(lines.end(), [])
})

t.test('F-93 F-105 output goes on in chunks without secrets, what is too much is counted, and the digest is of all', async (t) => {
  const output = new Output()
  output.take(`use ${key}`, 0)
  t.equal(output.next(), 'use [REDACTED]\n')
  t.equal(output.next(), undefined)
  t.equal(output.digest(), createHash('sha256').update('use [REDACTED]\n').digest('hex'))
  for (let n = 0; n < 70; n++) output.take('y'.repeat(16_383), 0)
  t.ok(output.isFull)
  t.equal(output.dropped, 7 * 16_384, 'more than 1 MiB in a minute')
  t.notOk(output.take('z', 60_000), 'and in the next it goes on')
  t.equal(output.tail(2), 'z\n')
  t.equal(output.next()!.length, 16_384)
  const quoted = new Output()
  for (let n = 0; n < 4_000; n++) quoted.take('"'.repeat(19), 0)
  t.ok(JSON.stringify(quoted.tailAsJson(65_000)).length <= 65_000)
})

t.test('F-93 the end of a program is of the first kind that fits', async (t) => {
  const kind = (exit: number | null, signal: NodeJS.Signals | null = null, cause?: Cause, isFenced = false) => kindOf({ exit, signal, isFenced }, cause)
  t.equal(kind(0), undefined)
  t.strictSame([kind(0, null, 'timeout'), kind(null, 'SIGKILL', 'budget')], ['timeout', 'budget'])
  t.strictSame([kind(75), kind(77), kind(78), kind(1), kind(null, 'SIGSEGV'), kind(null, 'SIGKILL'), kind(null, 'SIGTERM')], ['network', 'permission', 'permission', 'exit', 'segfault', 'oom', 'exit'])
  t.strictSame([kind(0, null, 'lost'), kind(null, 'SIGTERM', undefined, true)], ['lost', 'lost'])
  t.strictSame([isRetryable('exit'), isRetryable('budget'), isRetryable('permission')], [true, false, false])
})

t.test('F-93 the context is a text that can be read, or one JSON', async (t) => {
  const context = { task: { title: 'Sort', description: 'All of it.', priority: 'HIGH', due_at: null, attempt: 2, metadata: { repo: 'x' } }, notes: [{ text: 'mind the gap' }], related: [], lastHandoff: null }
  const prompt = promptOf(context)
  t.match(prompt, /^# Sort\n\nAll of it\.\n\nPriority HIGH, tried 2 times before\.\n\n## Besides\n\n[^]*"repo": "x"[^]*## Notes\n\n- .*mind the gap/)
  t.notMatch(prompt, 'Related')
  t.strictSame(JSON.parse(jsonOf(context)), { task: context.task, context, snapshot: null })
})
