import t from 'tap'
import type { Page } from 'playwright-core'
import { openBrowser } from '../embedded/browser.ts'
import { inaccessible, overflow, visit, type Look } from './testing-browser.ts'
import { house, until } from './house.ts'
import { Moving } from '../../scripts/moving.ts'
import { sized } from '../embedded/testing.ts'

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
  const { id: iris } = await admin.post('/agents', { name: 'Iris', orchestrator: ada.id, capabilities: [{ skill: 'printing' }] })
  const { id: decision } = await ada.own.post('/decisions', { title: 'Bind in leather?', electorate: [ada.id, ben.id] })
  const { id: passed } = await task('Cut the paper')
  await ada.own.post(`/tasks/${passed}/handoff`, { to: ben.id })
  // It rests on rows, of which there is a position only when something has happened.
  await admin.get(`/recurrences?minPosition=${first.position}`)
  await ada.own.post('/recurrences', { owner: ada.id, template: { title: 'Water the plants' }, rule: { kind: 'DAILY', time: '07:30' } })
  return { ada, ben, iris, decision, task, first, second }
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
  t.match(await text(page, 'section[aria-label="Tasks"] .computed'), /@[\d ]+\s+level$/, 'the figure says at which position it was computed')

  await page.getByRole('button', { name: 'Acknowledge' }).click()
  await page.getByText('Everything that waits is looked at').waitFor()
  await page.getByRole('button', { name: 'Resolve' }).click()
  await page.getByLabel('What is decided').fill('you do')
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click()
  await page.getByText('Nothing waits for you').waitFor()
  t.match(await admin.get(`/escalations?task=${made.second.id}`), { items: [{ state: 'RESOLVED', resolution: 'you do' }] })
  t.strictSame(complaints, [])
})

t.test('L-63 without a stream figures are called stale, in words, and what was missed is made up for', async (t) => {
  const { page, complaints } = await visit(t, browser, wide, key)
  const failures = (line: string) => line.includes('net::ERR_FAILED')
  await page.route('**/api/v1/events?*', (route) => route.abort())
  await page.route('**/api/v1/events', (route) => route.abort())
  await page.goto(app)
  await page.locator('.computed.stale', { hasText: 'stale: no live connection' }).first().waitFor()
  await page.getByText('What is shown is not of now').waitFor()
  const figure = page.locator('section[aria-label="Tasks"] .figure')
  const before = Number(await figure.innerText())
  await made.task('Unheard of')
  await page.unrouteAll()
  await page.locator('.feed li', { hasText: 'Unheard of' }).first().waitFor()
  await until(async () => Number(await figure.innerText()) === before + 1)
  await until(async () => (await page.locator('.computed.stale').count()) === 0)
  t.strictSame(complaints.filter((line) => !failures(line)), [])
})

t.test('L-60 L-65 L-66 Work is filtered, walked through and changed, by keyboard alone', async (t) => {
  const { page, complaints } = await signedIn(t, wide)
  await page.getByRole('heading', { name: 'Now' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('w')
  await page.getByRole('heading', { name: 'Work' }).waitFor()
  await page.locator('tbody tr[data-row], tbody tr[aria-rowindex]').first().waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('chapter')
  await until(async () => new URL(page.url()).searchParams.get('search') === 'chapter')
  await page.locator('tbody tr[aria-rowindex="3"]').waitFor()
  t.equal(await page.locator('tbody tr[aria-rowindex]').count(), 2, 'reading and writing')
  await page.keyboard.press('Tab')
  const second = page.locator('tbody tr[aria-rowindex="3"] a').first()
  const name = await second.innerText()
  const focused = () => page.evaluate('document.activeElement?.closest("tr")?.querySelector("a")?.textContent')
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await until(async () => await focused() === name)
  await page.keyboard.press('x')
  await page.getByText('1 task chosen').waitFor()
  // A fact that moves the row about leaves the focus where it is.
  await made.ada.own.send('PATCH', `/tasks/${made.first.id}`, { tags: ['seen'] })
  await made.task('Print the chapter')
  await page.locator('tbody tr[aria-rowindex="4"]').waitFor()
  t.equal(await focused(), name)
  await page.getByRole('button', { name: 'Priority' }).last().click()
  await page.getByRole('dialog').getByLabel('Priority').selectOption('CRITICAL')
  await page.getByRole('dialog').getByRole('button', { name: 'Priority' }).click()
  await page.getByText('1 done', { exact: true }).first().waitFor()
  await page.locator('tbody tr', { hasText: name }).first().focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: name }).waitFor()
  await page.locator('.verdict', { hasText: 'critical' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('L-60 L-65 a page of a task says why it waits; what changed meanwhile is not overwritten, and what cannot be undone asks again', async (t) => {
  const { id } = await made.task('Bind the book', { dependsOn: [made.first.id] })
  const { page, complaints } = await signedIn(t, wide, `/tasks/${id}`)
  await page.locator('.reasons').getByText('DEPENDENCIES_UNMET').waitFor()
  await page.locator('svg .node', { hasText: 'Write the chapter' }).waitFor()
  await page.locator('.timeline li').first().waitFor()
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Title').fill('Bind the whole book')
  // While the form is filled in, somebody else is faster.
  await admin.send('PATCH', `/tasks/${id}`, { tags: ['meanwhile'] })
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Edit' }).click()
  await dialog.getByText('What happened meanwhile').waitFor()
  await dialog.locator('ul.plain li').first().waitFor()
  await dialog.getByRole('button', { name: 'Close' }).click()
  t.equal((await admin.get(`/tasks/${id}`)).title, 'Bind the book')
  await page.locator('.timeline li').nth(1).waitFor()
  await page.getByRole('button', { name: 'Cancel task' }).click()
  await dialog.getByText('Nobody will work on it any more').waitFor()
  await dialog.getByRole('button', { name: 'Cancel task' }).click()
  await page.locator('.verdict', { hasText: 'cancelled' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('L-60 Fleet shows who is there; an orchestrator is paused and gets a key that is shown once', async (t) => {
  const { page, complaints } = await signedIn(t, wide, '/fleet')
  await page.getByRole('link', { name: 'Ben' }).click()
  await page.getByRole('heading', { name: 'Ben' }).waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
  await page.locator('.verdict', { hasText: 'away' }).waitFor()
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'New key' }).click()
  t.match(await page.getByRole('dialog').locator('pre').innerText(), /^bk_/)
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.locator('.verdict', { hasText: 'online' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('L-60 a question is put, voted on by an elector and told as it stands; what was passed on shows in the matrix and is recalled', async (t) => {
  const { page, complaints } = await signedIn(t, wide, '/council')
  await page.getByRole('button', { name: 'New question' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Question').fill('Print in colour?')
  for (const name of ['Ada', 'Ben']) await dialog.getByRole('checkbox', { name }).check()
  await dialog.getByRole('button', { name: 'New question' }).click()
  await page.getByRole('heading', { name: 'Print in colour?' }).waitFor()
  await page.locator('.verdict', { hasText: 'too few have voted' }).waitFor()
  const decision = new URL(page.url()).pathname.split('/').at(-1)!

  const elector = await signedIn(t, wide, `/decisions/${decision}`, made.ada.secret)
  await elector.page.getByRole('button', { name: 'Vote' }).click()
  await elector.page.getByRole('dialog').getByRole('button', { name: 'Vote' }).click()
  await page.locator('.verdict', { hasText: 'Would pass as it stands' }).waitFor()
  t.equal(await elector.page.getByRole('button', { name: 'Withdraw' }).count(), 1)
  await made.ben.own.post(`/decisions/${decision}/votes`, { vote: 'APPROVE' })
  await page.locator('.verdict', { hasText: 'approved' }).waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Dossier' }).click()])
  t.equal(download.suggestedFilename(), `decision-${decision}.json`)

  const { id } = await made.task('Fold the pages')
  await made.ada.own.post(`/tasks/${id}/delegate`, { to: made.ben.id })
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await page.locator('.matrix td a', { hasText: '2' }).first().waitFor()
  const chain = page.getByRole('region', { name: 'Open chains' }).locator('li', { hasText: 'Fold the pages' })
  await chain.getByRole('button', { name: 'Recall' }).click()
  await dialog.getByLabel('Why').fill('it is mine')
  await dialog.getByRole('button', { name: 'Recall' }).click()
  await chain.waitFor({ state: 'detached' })
  t.equal((await admin.get(`/tasks/${id}`)).owner, made.ada.id)
  t.strictSame([...complaints, ...elector.complaints], [])
})

t.test('L-60 what comes round is paused, a stream is read in the audit, a key is made and revoked', async (t) => {
  const { page, complaints } = await signedIn(t, wide, '/rhythm?of=recurrences')
  const dialog = page.getByRole('dialog')
  const row = (name: string) => page.locator('tbody tr', { hasText: name }).first()
  await row('daily at 07:30').getByRole('button', { name: 'Pause' }).click()
  await dialog.getByRole('button', { name: 'Pause' }).click()
  await row('paused').waitFor()
  t.match(await admin.get('/recurrences'), { items: [{ state: 'PAUSED' }] })

  await page.keyboard.press('g')
  await page.keyboard.press('a')
  await page.locator('.log li').first().waitFor()
  await page.getByLabel('Id, or the whole name').fill(made.first.id)
  await page.keyboard.press('Enter')
  await page.locator('.timeline', { hasText: 'Task created' }).waitFor()
  t.match(page.url(), `stream=task-${made.first.id}`)

  await page.keyboard.press('Tab')
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'New key' }).click()
  await dialog.getByLabel('Name').fill('auditor')
  await dialog.getByRole('button', { name: 'New key' }).click()
  t.match(await dialog.locator('pre').innerText(), /^bk_/)
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await row('auditor').getByRole('button', { name: 'Revoke' }).click()
  await dialog.getByText('at once and for ever').waitFor()
  await dialog.getByRole('button', { name: 'Revoke' }).click()
  await row('auditor').getByText('revoked').waitFor()

  await page.getByRole('link', { name: 'Operations' }).click()
  await page.getByText(/^All \d+ are at/).waitFor()
  t.strictSame(complaints, [])
})

const dark = { colorScheme: 'dark' as const }
/** In a long run each page is looked at in both themes and both widths; in every other one page this way, the next one that way. */
const looksAt = (n: number): readonly Look[] => (sized(1, 4) === 4 ? [wide, { ...wide, ...dark }, { ...narrow, colorScheme: 'light' }, narrow] : [n % 2 === 0 ? wide : narrow])

for (const [n, [name, path, there]] of ([
  ['Now', '', '.feed li'], ['Work', '/work', 'tbody tr'], ['the board', '/work?view=board', '.lane li'], ['a task', `/tasks/${made.first.id}`, '.timeline li'],
  ['Fleet', '/fleet', 'tbody tr'], ['an orchestrator', `/orchestrators/${made.ada.id}`, '.timeline li'], ['an agent', `/agents/${made.iris}`, '.timeline li'],
  ['Council', '/council', 'tbody tr'], ['a decision', `/decisions/${made.decision}`, '.timeline li'], ['Delegations', '/delegations', '.matrix td'],
  ['Rhythm', '/rhythm', '.matrix td'], ['Audit', '/audit', '.log li'], ['Operations', '/operations', 'tbody tr'], ['Settings', '/settings', '.list tbody tr'],
] as const).entries()) {
  t.test(`L-67 ${name}: accessible in both themes, and no wider than a window of 320 px`, async (t) => {
    const looks = looksAt(n)
    const { page, complaints } = await signedIn(t, looks[0]!, path)
    for (const { colorScheme, width } of looks) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      await page.locator(there).first().waitFor()
      t.strictSame(await inaccessible(page), [], `${colorScheme}, ${width} px`)
      t.equal(await overflow(page), 0)
    }
    t.strictSame(complaints, [])
  })
}

t.test('L-60 a fleet that goes on moving is followed, and what it is refused stops nothing', async (t) => {
  const { page, complaints } = await signedIn(t, wide)
  await page.locator('.live.open').waitFor()
  const moving = new Moving(admin, 7)
  t.strictSame([...await moving.begin()].sort(), ['Ada', 'Ben'])
  for (let n = 0; n < 40; n++) await moving.step()
  t.ok(moving.commands >= 12, `${moving.commands} commands`)
  const { items: [last] } = await admin.get('/events/latest?limit=1')
  await until(async () => Number((await text(page, '.live .beside')).replace(/\D/g, '')) >= Number(last.position))
  t.strictSame(complaints, [])
})

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
