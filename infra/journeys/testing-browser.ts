import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'

export interface Look {
  readonly colorScheme: 'light' | 'dark'
  readonly width: number
}

export interface Visit {
  readonly page: Page
  readonly context: BrowserContext
  /** What the page complained of: errors in the console, what its policy refused, what was thrown. */
  readonly complaints: readonly string[]
}

/** A page of its own, with whatever is wrong with it noted. A key is one that somebody has signed in with in this tab. */
export async function visit(t: Test, browser: Browser, { colorScheme, width }: Look, key?: string): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' })
  t.teardown(() => context.close())
  if (key !== undefined) await context.addInitScript(`sessionStorage.setItem('baton.key', '${key}')`)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))
  page.on('console', (message) => {
    // What an API refuses is an answer like any other, of which the browser makes a line of its own.
    const isRefusal = message.text().startsWith('Failed to load resource') && message.location().url.includes('/api/')
    if (message.type() === 'error' && !isRefusal) complaints.push(message.text())
  })
  return { page, context, complaints }
}

const axe = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation { readonly id: string; readonly help: string; readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[] }

/** What axe-core finds wrong with the page as it stands, rule by rule. */
export async function inaccessible(page: Page): Promise<readonly string[]> {
  await page.evaluate(await axe)
  const { violations } = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] })`) as { violations: readonly Violation[] }
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(' ')} (${failureSummary})`).join('; ')}`)
}

/** By how many pixels the page is wider than the window. */
export const overflow = (page: Page): Promise<number> => page.evaluate('document.documentElement.scrollWidth - innerWidth')
