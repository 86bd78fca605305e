/**
 * What the dashboard costs in a browser among many tasks: `npx node infra/load/dashboard.ts [--tasks 10000] [--times 20] [--minutes 10]
 * [--facts 100]`. First what a first visit loads and how long the first figures take, then what scrolling through all tasks blocks, then
 * how much the heap grows while so many facts a second come.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { Api } from '../../scripts/api.ts'
import { up } from '../../scripts/up.ts'
import { openBrowser } from '../embedded/browser.ts'
import { percentile } from './measure.ts'

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '10000' }, times: { type: 'string', default: '20' }, minutes: { type: 'string', default: '10' }, facts: { type: 'string', default: '100' },
  },
})
const [tasks_count, times, minutes, perSecond] = [Number(values.tasks), Number(values.times), Number(values.minutes), Number(values.facts)]
const together = 100
const owners_count = 20

const root = mkdtempSync(join(tmpdir(), 'baton-dashboard-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
const api = new Api(baton.urls.gateway, baton.adminKey.key)
const say = (line: string) => process.stdout.write(`${line}\n`)
const tasks: string[] = []

async function fill() {
  const owners = await Promise.all(Array.from({ length: owners_count }, (_, n) => api.post('/orchestrators', { name: `Orchestrator ${n}` })))
  let position = '0'
  for (let n = 0; n < tasks_count; n += together) {
    const answers = await api.together(Array.from({ length: Math.min(together, tasks_count - n) }, (_, m) => ({
      path: '/tasks', headers: { key: `task ${n + m}` },
      body: { title: `Task ${n + m}`, owner: owners[(n + m) % owners_count]!.id, priority: ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'][(n + m) % 4], tags: [`t${m % 10}`] },
    })))
    for (const answer of answers) {
      if (answer instanceof Error) throw answer
      tasks.push(answer.id)
      position = answer.position
    }
  }
  while (BigInt((await api.get<{ position: string }>('/position')).position) < BigInt(position)) await new Promise((resolve) => setTimeout(resolve, 100))
}

async function opened(browser: Browser, path: string): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 } })
  await context.addInitScript(`sessionStorage.setItem('baton.key', '${baton.adminKey.key}')`)
  const page = await context.newPage()
  await page.goto(`${baton.urls.gateway}/app${path}`, { waitUntil: 'commit' })
  return page
}

/** Until there is something in the place where figures stand. */
async function firstFigure(browser: Browser, path: string, place: string): Promise<number> {
  const begun = performance.now()
  const page = await opened(browser, path)
  await page.locator(place).first().waitFor()
  const took_ms = performance.now() - begun
  await page.context().close()
  return took_ms
}

async function weigh(browser: Browser, path: string, place: string) {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 } })
  await context.addInitScript(`sessionStorage.setItem('baton.key', '${baton.adminKey.key}')`)
  const page = await context.newPage()
  const network = await context.newCDPSession(page)
  await network.send('Network.enable')
  let [requests, files_bytes, answers_bytes] = [0, 0, 0]
  const urls = new Map<string, string>()
  network.on('Network.requestWillBeSent', ({ requestId, request }) => {
    requests++
    urls.set(requestId, request.url)
  })
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (urls.get(requestId)?.includes('/api/')) answers_bytes += encodedDataLength
    else files_bytes += encodedDataLength
  })
  await page.goto(`${baton.urls.gateway}/app${path}`)
  await page.locator(place).first().waitFor()
  await page.waitForTimeout(1_500)
  await context.close()
  return { requests, files_kB: Math.round(files_bytes / 1_000), answers_kB: Math.round(answers_bytes / 1_000) }
}

/** Walks a table to its end, screen by screen; the longest tasks that the browser's thread had meanwhile, in ms. */
async function scrolled(page: Page): Promise<{ rows: number; longest_ms: number; over50: number; steps: number }> {
  await page.locator('.scroller tbody tr').first().waitFor()
  await page.evaluate(`globalThis.tasks = []; new PerformanceObserver((list) => { for (const one of list.getEntries()) globalThis.tasks.push(one.duration) }).observe({ type: 'longtask', buffered: false })`)
  let [last, still, steps] = [-1, 0, 0]
  for (; still < 40; steps++) {
    const at = await page.evaluate(`(() => { const element = document.querySelector('.scroller'); element.scrollTop += 600; return element.scrollTop })()`) as number
    still = at === last ? still + 1 : 0
    last = at
    await page.waitForTimeout(still > 0 ? 50 : 16)
  }
  const rows = Number((await page.locator('.list header .beside').first().innerText()).replaceAll(/\D/g, ''))
  const durations = await page.evaluate('globalThis.tasks') as number[]
  return { rows, steps, longest_ms: Math.round(Math.max(0, ...durations)), over50: durations.length }
}

/** Used heap in MB after the garbage is collected. */
async function heap_mb(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.enable')
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize / 1_000_000
}

/** So many facts a second, each of another task. */
async function facts(until_ms: number, onTick: () => Promise<void>): Promise<number> {
  let n = 0
  const begun = performance.now()
  while (performance.now() < until_ms) {
    const due = Math.floor((performance.now() - begun) / 1_000 * perSecond)
    const count = Math.min(together, due - n)
    if (count > 0) await api.together(Array.from({ length: count }, (_, m) => ({ path: `/tasks/${tasks[(n + m) % tasks.length]}/block`, headers: { key: `block ${n + m}` }, body: { reason: `fact ${n + m}` } })).map((one, m) => (
      // Blocked and let go in turns, so that each is a fact.
      Math.floor((n + m) / tasks.length) % 2 === 0 ? one : { path: one.path.replace(/block$/, 'unblock'), headers: one.headers, body: {} }
    )))
    n += Math.max(0, count)
    await onTick()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return n
}

try {
  const browser = await openBrowser()
  if (!browser) throw new Error('no browser: set BATON_CHROMIUM')
  const load = () => `load ${loadavg()[0]!.toFixed(1)}`
  await fill()
  say(`${tasks_count} tasks; ${load()}`)
  for (const [name, path, place] of [['Now', '', '.card .figure:not(:has(.none))'], ['Work', '/work', 'tbody tr[aria-rowindex]']] as const) {
    const { requests, files_kB, answers_kB } = await weigh(browser, path, place)
    const took: number[] = []
    for (let n = 0; n < times; n++) took.push(await firstFigure(browser, path, place))
    say(`${name}: ${requests} requests, files ${files_kB} kB and answers ${answers_kB} kB as sent; first figures of ${times} first visits: p50 ${Math.round(percentile(took, 0.5))} ms, p95 ${Math.round(percentile(took, 0.95))} ms; ${load()}`)
  }
  const work = await opened(browser, '/work')
  const walk = await scrolled(work)
  say(`Scrolling ${walk.rows} rows in ${walk.steps} steps: longest task ${walk.longest_ms} ms, ${walk.over50} over 50 ms; ${load()}`)
  await work.context().close()

  const now = await opened(browser, '')
  await now.locator('.feed li').first().waitFor()
  await now.waitForTimeout(5_000)
  const before = await heap_mb(now)
  const begun = performance.now()
  let told = 0
  const sent = await facts(begun + minutes * 60_000, async () => {
    if (Math.floor((performance.now() - begun) / 60_000) <= told) return
    told++
    say(`  after ${told} min: ${(await heap_mb(now) - before).toFixed(1)} MB more`)
  })
  const after = await heap_mb(now)
  say(`Now for ${minutes} min at ${Math.round(sent / minutes / 60)} facts/s: heap ${before.toFixed(1)} MB, then ${after.toFixed(1)} MB; ${load()}`)
  await browser.close()
} finally {
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
