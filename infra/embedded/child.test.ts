import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { ChildFailure, guardHere, startChild, type ChildOptions, type Guard } from './child.ts'

const shell = (script: string, more: Partial<ChildOptions> = {}): ChildOptions => ({
  name: 'a child', command: '/bin/sh', args: ['-c', script], env: process.env, ready: (output) => output.includes('ready'),
  ready_timeout_ms: 5_000, stopSignal: 'SIGTERM', stop_timeout_ms: 5_000, ...more,
})

/** A zombie counts as gone: it runs no more, and whoever is its parent now will reap it. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function isGone(pid: number, bound_ms = 5_000): Promise<boolean> {
  for (const end = Date.now() + bound_ms; Date.now() < end; await pause(10)) if (!isRunning(pid)) return true
  return false
}

t.test('a child is ready when its output says so, and ends when asked', async (t) => {
  const child = await startChild(shell('echo getting ready; echo ready >&2; exec sleep 60'))
  t.match(child.tail(), /getting ready\n/)
  t.same(await child.stop(), { code: null, signal: 'SIGTERM' })
  t.same(await child.stop(), { code: null, signal: 'SIGTERM' }, 'asking twice changes nothing')
})

t.test('a child is ready when a probe says so', async (t) => {
  let asked = 0
  const child = await startChild(shell('exec sleep 60', { ready: { probe: async () => (asked += 1) === 3 } }))
  t.equal(asked, 3)
  t.same(await child.kill(), { code: null, signal: 'SIGKILL' })
})

t.test('a child that does not listen is killed after its time', async (t) => {
  const child = await startChild(shell('trap "" TERM; echo ready; while :; do sleep 0.05; done', { stop_timeout_ms: 100 }))
  t.same(await child.stop(), { code: null, signal: 'SIGKILL' })
})

t.test('a child that ends before it is ready is reported with its last words, a bounded part of them', async (t) => {
  const talkative = shell('head -c 100000 /dev/zero | tr "\\0" x; echo the last words; exit 7')
  const failure = await startChild(talkative).catch((error: unknown) => error)
  t.ok(failure instanceof ChildFailure)
  t.match(failure, { message: 'a child ended at once (exit code 7)', tail: /xthe last words\n$/ })
  t.equal((failure as ChildFailure).tail.length, 16_384)
})

t.test('a child that never gets ready is killed and reported', async (t) => {
  let pid = 0
  await t.rejects(startChild(shell('echo pid=$$; exec sleep 60', {
    ready_timeout_ms: 200, output: (chunk) => { pid = Number(/pid=(\d+)/.exec(chunk)?.[1] ?? pid) },
  })), { message: 'a child was not ready within 0.2 s' })
  t.ok(pid > 0 && await isGone(pid))
})

t.test('a command that is not there is reported', async (t) => {
  await t.rejects(startChild(shell('', { command: '/nowhere/at-all', guard: 'watcher' })),
    { message: 'a child cannot be started from /nowhere/at-all' })
})

for (const guard of new Set<Guard>([guardHere, 'watcher'])) {
  t.test(`a child does not outlive a parent that is killed (${guard})`, async (t) => {
    const options = JSON.stringify({ ...shell('echo ready; exec sleep 60'), env: {}, guard })
    const script = `
      import { startChild } from ${JSON.stringify(new URL('child.ts', import.meta.url).href)}
      const child = await startChild({ ...${options}, ready: (output) => output.includes('ready') })
      console.log(child.pid)
      setInterval(() => {}, 1_000_000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data') as [string]
    const pid = Number(line)
    t.ok(pid > 0 && isRunning(pid))
    parent.kill('SIGKILL')
    t.ok(await isGone(pid))
  })
}
