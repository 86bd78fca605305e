import t from 'tap'
import { Refused, type Answer, type Headers } from '../api.ts'
import { doorTo } from './door.ts'
import { Mapping } from './mapping.ts'
import { inOrder } from './plan.ts'
import { Player, type Refusal } from './player.ts'
import type { Row } from './row.ts'

const mapping = Mapping.parse({ name: 'played', sources: [{ file: 'Vorgänge 3.csv', case: 'case', time: 'at', owner: 'team', assignee: 'person', phase: { columns: 'state', values: { work: 'active', end: 'done' } } }] })
const [source] = mapping.sources
const row = (number: number, values: Row['values']): Row => ({ source: source!, number, at: new Date(Date.UTC(2020, 0, 1, 0, number)).toISOString(), values })
const rows = inOrder([
  row(1, { case: 'a', team: 'red', state: 'work' }), row(2, { case: 'b', team: 'odd', state: 'work' }), row(3, { case: 'c', team: 'red', person: `${'x'.repeat(198)}😀😀`, state: 'work' }),
  row(4, { case: 'a', team: 'red', state: 'end' }), row(5, { case: 'c', team: 'red', state: 'end' }),
])

interface Sent { readonly path: string; readonly body: any; readonly headers: Headers }

/** Plays the rows to somebody who says no to some. */
async function played(refuse: (sent: Sent) => Refused | Error | undefined) {
  const sent: Sent[] = []
  const refusals: Refusal[] = []
  const post = async (path: string, body: any, headers: Headers = {}): Promise<Answer> => {
    const error = refuse({ path, body, headers })
    if (error) throw error
    sent.push({ path, body, headers })
    return { id: '', revision: '1', position: '1', changed: true }
  }
  const result = await new Player(doorTo(post), mapping, (refusal) => refusals.push(refusal)).play(rows, () => undefined)
  return { sent, refusals, ...result }
}

const problem = (status: number, code: string) => new Refused(status, { code, title: 'No.', errors: [{ pointer: '#/title', message: 'is too long' }] })

t.test('what is refused of one row is reported with file, row, code and reason, and the rest goes on', async (t) => {
  for (const [status, code] of [[400, 'VALIDATION_ERROR'], [413, 'TOO_LARGE'], [404, 'NOT_FOUND'], [409, 'ALREADY_EXISTS'], [422, 'IDEMPOTENCY_KEY_REUSED']] as const) {
    const { sent, refusals, stopped } = await played(({ path, body }) => (path === '/tasks' && body.metadata.case === 'b' ? problem(status, code) : undefined))
    t.equal(stopped, undefined)
    t.strictSame(refusals, [{ file: 'Vorgänge 3.csv', row: 2, case: 'b', wish: 'create', code, reason: `${code}: No. (#/title is too long)` }])
    t.equal(sent.filter(({ path }) => path.endsWith('/complete')).length, 2)
  }
})

t.test('an owner whom Baton does not take is reported at the row that names them first', async (t) => {
  const { refusals, stopped, sent } = await played(({ path, body }) => (path === '/orchestrators' && body.name === 'odd' ? problem(400, 'VALIDATION_ERROR') : undefined))
  t.equal(stopped, undefined)
  t.match(refusals, [{ row: 2, case: 'b', wish: 'register', code: 'VALIDATION_ERROR' }])
  t.equal(sent.filter(({ path }) => path === '/orchestrators').length, 1)
})

t.test('what is said of all, or of nobody, stops the import at the row it came to', async (t) => {
  for (const error of [problem(401, 'UNAUTHENTICATED'), problem(403, 'FORBIDDEN'), problem(500, 'INTERNAL'), problem(503, 'SERVICE_UNAVAILABLE'), new Refused(404, { code: 'HTTP_404', title: 'the answer is no JSON' }), new Error('Baton does not answer')]) {
    const { refusals, stopped, commands } = await played(({ path, body }) => (path === '/tasks' && body.metadata.case === 'a' ? error : undefined))
    t.strictSame(refusals, [])
    t.match(stopped, { row: { number: 1 }, error })
    t.ok(commands >= 4, 'and what went well before is counted')
  }
  t.match(await played(({ path }) => (path === '/orchestrators' ? problem(404, 'NOT_FOUND') : undefined)), { stopped: { row: { number: 1 } }, commands: 0 }, 'nobody is there who could register')
})

t.test('what goes into headers is printable, and what is cut is cut between characters', async (t) => {
  const { sent } = await played(() => undefined)
  t.ok(sent.every(({ headers: { key = '' } }) => /^[\x20-\x7e]{1,255}$/.test(key)))
  t.equal(sent.find(({ path }) => path.endsWith('/assign'))?.body.assignee, `${'x'.repeat(198)}…`)
})
