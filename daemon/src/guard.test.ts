import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startGuard, type Guard } from './guard.ts'
import { sinceSign, signNow } from './guard-words.ts'
import { familyOf, killed, runningSince } from './processes.ts'

const cwd = mkdtempSync(join(tmpdir(), 'guard-'))
t.teardown(() => rmSync(cwd, { recursive: true, force: true }))

let marks = 0
const fence = { term: 45_000, kill: 55_000 }
/** Runs a program under a guard; what it starts bears the mark. */
async function under(guard: Guard, command: readonly [string, ...string[]], over: { fence_ms?: typeof fence; grace_ms?: number } = {}) {
  const mark = `BATON_SESSION=guard-test-${process.pid}-${++marks}`
  const [name, value] = mark.split('=') as [string, string]
  const begun = await guard.begin({ command, cwd, env: { PATH: process.env.PATH!, [name]: value }, mark, fence_ms: fence, grace_ms: 300, alive: signNow(), ...over })
  return { mark, begun, family: () => familyOf('started' in begun ? begun.started : -1, mark) }
}
const until = async (isSo: () => boolean) => { while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20)) }
/** Says that it runs, forks two children, one of which leaves its group, and heeds nothing. */
const stubborn = ['node', '-e', `
  process.on('SIGTERM', () => {})
  const { spawn } = require('node:child_process')
  const wait = ['-e', 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)']
  for (const detached of [false, true]) spawn('node', wait, { detached, stdio: 'inherit' }).unref()
  setInterval(() => {}, 1000)`] as const

t.test('F-94 a program starts under a guard that answered, with what it is handed, and its end is told', async (t) => {
  const guard = await startGuard()
  const { begun } = await under(guard, ['sh', '-c', 'cat; echo no >&2; exit 3'])
  t.match(begun, { started: Number, since: /./ })
  guard.stdin.end('hello')
  t.strictSame(await Promise.all([text(guard.stdout), text(guard.stderr)]), ['hello', 'no\n'])
  t.strictSame(await guard.ended, { exit: 3, signal: null, isFenced: false })
})

t.test('F-93 what cannot be started says why', async (t) => {
  const failed = async (command: string) => (await under(await startGuard(), [command])).begun
  t.strictSame(await failed('there-is-no-such-program'), { failed: 'ENOENT' })
  t.strictSame(await failed(cwd), { failed: 'ENOENT' })
  t.strictSame(await failed('/etc/passwd'), { failed: 'EACCES' })
})

t.test('F-93 asked to end a program is asked, then killed, with all that came of it, wherever that went', async (t) => {
  const guard = await startGuard()
  const { family } = await under(guard, stubborn)
  await until(() => family().length === 3)
  const asked_ms = performance.now()
  guard.kill()
  t.match(await guard.ended, { signal: 'SIGKILL' })
  t.ok(performance.now() - asked_ms >= 300, 'after the grace')
  t.strictSame(family(), [])
})

t.test('F-93 who stands still is let go on to hear that it ends', async (t) => {
  const guard = await startGuard()
  const { family } = await under(guard, ['sh', '-c', `trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done`], { grace_ms: 20_000 })
  guard.still(true)
  guard.kill()
  t.match(await guard.ended, { exit: 0, signal: null })
  t.strictSame(family(), [])
})

t.test('F-94 without a heartbeat that was accepted the program is asked, then killed, by the guard alone', async (t) => {
  const guard = await startGuard()
  const begun_ms = performance.now()
  const { family } = await under(guard, stubborn, { fence_ms: { term: 1_000, kill: 1_600 }, grace_ms: 60_000 })
  await until(() => family().length === 3)
  guard.alive(signNow())
  const alive_ms = performance.now()
  t.match(await guard.ended, { signal: 'SIGKILL', isFenced: true })
  t.ok(performance.now() - alive_ms >= 1_500 && performance.now() - begun_ms < 10_000)
  t.strictSame(family(), [])
})

t.test('F-94 when the guard dies so does the program, and what it left is found by its mark', async (t) => {
  const guard = await startGuard()
  const { begun, mark } = await under(guard, stubborn)
  const { started, since } = begun as { started: number; since: string }
  await until(() => familyOf(started, mark).length === 3)
  process.kill(guard.pid, 'SIGKILL')
  t.equal(await guard.ended, undefined)
  if (process.platform === 'linux') await until(() => runningSince(started) !== since)
  t.ok(killed(started, mark))
  t.strictSame(familyOf(started, mark), [])
})

t.test('F-94 time that a machine slept counts: of two clocks the one that says more', async (t) => {
  const then = { steady_ms: 1_000, wall_ms: 50_000 }
  t.equal(sinceSign(then, { steady_ms: 2_000, wall_ms: 90_000 }), 40_000)
  t.equal(sinceSign(then, { steady_ms: 9_000, wall_ms: 40_000 }), 8_000)
})
