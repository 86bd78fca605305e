import t from 'tap'
import type { Page } from 'playwright-core'
import { inaccessible, openBrowser, overflow, visit, type Look } from './testing-browser.ts'
import { house, until } from './house.ts'

const browser = await openBrowser()
if (!browser) {
  // With CI set this is red: there a browser is expected.
  if (process.env.CI) t.fail('no browser: set BATON_CHROMIUM, or install chromium')
  else t.comment('SKIPPED: no browser was found; set BATON_CHROMIUM, or install chromium')
  t.end()
  process.exit()
}
t.teardown(() => browser.close())

const { baton, admin } = await house(t)
const app = `${baton.urls.gateway}/app`
const { key } = baton.adminKey
const narrow: Look = { colorScheme: 'dark', width: 320 }
const wide: Look = { colorScheme: 'light', width: 1280 }

/** What a page is shown of, made once for all journeys. */
const planted = '<img src=x onerror="document.title=1"><b>bold</b>'
const made = await (async () => {
  const orchestrator = async (name: string) => {
    const { id } = await admin.post('/orchestrators', { name, capabilities: ['writing'] })
    const { secret } = await admin.post(`/orchestrators/${id}/keys`, {})
    await admin.as(secret!).post(`/orchestrators/${id}/activate`)
    return { id, secret: secret!, own: admin.as(secret!) }
  }
  const [ada, ben] = [await orchestrator('Ada'), await orchestrator('Ben')]
  const task = (title: string, more: object = {}) => ada.own.post('/tasks', { title, ...more })
  const [first, second] = [await task('Write the chapter', { priority: 'HIGH' }), await task(planted)]
  await ada.own.post(`/tasks/${second.id}/escalate`, { reason: 'who may decide?', severity: 'CRITICAL' })
  return { ada, ben, task, first, second }
})()

const text = (page: Page, selector: string) => page.locator(selector).first().innerText()
const signedIn = async (t: Parameters<typeof visit>[0], look: Look, path = '', as = key) => {
  const visited = await visit(t, browser, look, as)
  await visited.page.goto(app + path)
  return visited
}

t.test('L-60 L-61 L-62 whoever comes signs in with a key, and is told when it is none; nothing leaves the origin', async (t) => {
  const { page, complaints } = await visit(t, browser, wide)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(`${baton.urls.gateway}/`)
  t.equal(page.url(), app, 'the first page is here')
  await page.getByLabel('API key').fill(`bk_${'x'.repeat(43)}`)
  await page.keyboard.press('Enter')
  await page.getByText('INVALID_API_KEY').waitFor()
  t.strictSame(await inaccessible(page), [])
  await page.getByLabel('API key').fill(key)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Now' }).waitFor()
  t.strictSame(asked.filter((url) => new URL(url).origin !== baton.urls.gateway || url.includes(key)), [], 'the key is in no address')
  t.equal(await page.evaluate('document.cookie + (localStorage.getItem("baton.key") ?? "")'), '')
  await page.goto(`${app}/query?ask=/tasks/metrics`)
  await page.getByText('"total"').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('API key').fill(made.ada.secret)
  await page.keyboard.press('Enter')
  await page.getByText('"total"').waitFor()
  t.match(page.url(), '/app/query?ask=', 'signing out keeps the place')
  t.strictSame(complaints, [])
})

t.test('L-61 L-63 Now says what waits for somebody, follows what happens, and markup in data is text', async (t) => {
  const { page, complaints } = await signedIn(t, wide)
  await page.getByText('One thing waits for somebody, one of them critical').waitFor()
  t.equal(await text(page, '.concerns .what a'), planted)
  t.equal(await page.locator('.concerns img, .feed img').count(), 0)
  const figure = page.locator('section[aria-label="Tasks"] .figure')
  const before = Number(await figure.innerText())
  await page.getByRole('navigation').getByText('admin').first().waitFor()
  await made.task('Read the chapter')
  await until(async () => Number(await figure.innerText()) === before + 1)
  await page.locator('.feed li', { hasText: 'Read the chapter' }).first().waitFor()
  t.match(await text(page, 'section[aria-label="Tasks"] .computed'), /@[\d ]+ level$/, 'the figure says at which position it was computed')

  await page.getByRole('button', { name: 'Acknowledge' }).click()
  await page.getByText('Everything that waits is looked at').waitFor()
  await page.getByRole('button', { name: 'Resolve' }).click()
  await page.getByLabel('What is decided').fill('you do')
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click()
  await page.getByText('Nothing waits for you').waitFor()
  t.match(await admin.get(`/escalations?task=${made.second.id}`), { items: [{ state: 'RESOLVED', resolution: 'you do' }] })
  t.strictSame(complaints, [])
})

for (const [name, path, there] of [['Now', '', '.feed li']] as const) {
  t.test(`L-67 ${name} is accessible in both themes, and no wider than a window of 320 px`, async (t) => {
    for (const look of [wide, narrow]) {
      const { page, complaints } = await signedIn(t, look, path)
      await page.locator(there).first().waitFor()
      t.strictSame(await inaccessible(page), [], `${look.colorScheme}, ${look.width} px`)
      t.equal(await overflow(page), 0)
      t.strictSame(complaints, [])
    }
  })
}

t.test('L-62 a key that is revoked is forgotten while somebody looks, and no action is offered that it does not allow', async (t) => {
  const { secret } = await admin.post(`/orchestrators/${made.ben.id}/keys`, { scopes: ['read'] })
  const { page } = await signedIn(t, wide, '', secret)
  await page.getByRole('heading', { name: 'Now' }).waitFor()
  await page.locator('.live.open').waitFor()
  t.equal(await page.getByRole('button', { name: 'Assign the next task' }).count(), 0)
  const { items } = await admin.get(`/keys?orchestrator=${made.ben.id}`)
  const { key: id } = items.find(({ scopes }: { scopes: readonly string[] }) => scopes.length === 1)
  await admin.post(`/keys/${id}/revoke`)
  await page.getByLabel('API key').waitFor()
})
