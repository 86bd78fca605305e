import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { Usage } from '../../infra/console/command.ts'
import { cut } from './cut.ts'
import { Mapping } from './mapping.ts'
import type { Row, Unread } from './row.ts'
import { rowsOf } from './rows.ts'

const plain = { case: 'case', time: 'at', owner: 'team', phase: { columns: 'state', values: {} } }

interface Read {
  /** Of each row: its number, and what it says of the case, the owner and the state. */
  readonly rows: readonly (readonly unknown[])[]
  readonly unread: readonly (readonly [number, string])[]
  readonly whole: readonly Row[]
  readonly reasons: readonly Unread[]
  /** Why the file was refused. */
  readonly error: string | undefined
}

async function read(t: Test, file: string, content: string | Buffer, how: object = {}): Promise<Read> {
  const folder = t.testdir({})
  writeFileSync(join(folder, file), content)
  const mapping = Mapping.parse({ name: 'read', sources: [{ file, ...plain, ...how }] })
  const reasons: Unread[] = []
  try {
    const whole = await rowsOf(mapping, folder, { onUnread: (row) => reasons.push(row) })
    const rows = whole.map(({ number, values }) => [number, values.case ?? values['case:concept:name'], values.team ?? values['org:group'], values.state])
    return { rows, unread: reasons.map(({ row, code }) => [row, code]), whole, reasons, error: undefined }
  } catch (error) {
    if (!(error instanceof Usage)) throw error
    return { rows: [], unread: [], whole: [], reasons, error: error.message }
  }
}

const header = 'case,at,team,state\n'
const day = '2024-04-03T10:00Z'
const two = [[1, 'c1', 'red', 'new'], [2, 'c2', 'blue', 'old']]

t.test('a row that says nothing usable is refused alone, with its number, a code and a sentence', async (t) => {
  const { rows, reasons } = await read(t, 'log.csv', [
    'case,at,team,state',
    `c1,${day},red,new`,
    `c2,${day},"  ",new`,
    `c3,${day},re\0d,new`,
    `,${day},red,new`,
    `${'c'.repeat(1_001)},${day},red,new`,
    'c6,03.04.2024,red,new',
    'c7,2024-02-30,red,new',
    `c8,${day},red`,
    `c9,${day},red,new,more`,
    `c10,${day},3" pipe,new`,
    `c11,${day},red,new,,`,
    '',
    `c12,${day},"r""e,\nd",new`,
  ].join('\n'))
  t.strictSame(rows, [[1, 'c1', 'red', 'new'], [11, 'c11', 'red', 'new'], [12, 'c12', 'r"e,\nd', 'new']])
  t.match(reasons, [
    { file: 'log.csv', row: 2, case: 'c2', code: 'NAME_BLANK', reason: /team names nobody/ },
    { row: 3, case: 'c3', code: 'TEXT_INVALID', reason: /team holds NUL/ },
    { row: 4, code: 'CASE_MISSING', reason: 'case is empty' },
    { row: 5, code: 'CASE_TOO_LONG', case: /^c{199}…$/ },
    { row: 6, code: 'TIME_INVALID', reason: /at: "03.04.2024" is no time in ISO 8601/ },
    { row: 7, code: 'TIME_INVALID', reason: /no day of the calendar/ },
    { row: 8, code: 'FIELDS_UNEQUAL', reason: 'the row has 3 fields, the header 4' },
    { row: 9, code: 'FIELDS_UNEQUAL' },
    { row: 10, code: 'QUOTE_MISPLACED' },
  ])
  t.equal(reasons.length, 9)
})

t.test('a CSV is read however its header shows it to be written', async (t) => {
  const table: readonly (readonly [what: string, content: string | Buffer, how?: object])[] = [
    ['commas', `${header}c1,${day},red,new\nc2,${day},blue,old\n`],
    ['a byte order mark', `\ufeff${header}c1,${day},red,new\nc2,${day},blue,old\n`],
    ['a byte order mark before quotes', `\ufeff"case","at","team","state"\nc1,${day},red,new\nc2,${day},blue,old\n`],
    ['CR LF', `${header}c1,${day},red,new\nc2,${day},blue,old\n`.replaceAll('\n', '\r\n')],
    ['CR alone', `${header}c1,${day},red,new\nc2,${day},blue,old\n`.replaceAll('\n', '\r')],
    ['line ends of all kinds', `\r\n${header}c1,${day},red,new\r\nc2,${day},blue,old\r`],
    ['no line end at the end', `${header}c1,${day},red,new\nc2,${day},blue,old`],
    ['semicolons', `case;at;team;state\nc1;${day};red;new\nc2;${day};blue;old\n`],
    ['tabs', `case\tat\tteam\tstate\nc1\t${day}\tred\tnew\nc2\t${day}\tblue\told\n`],
    ['bars', `case|at|team|state\nc1|${day}|red|new\nc2|${day}|blue|old\n`],
    ['semicolons, and commas in names', `case;at;team;state;"a, b, c, d"\nc1;${day};red;new;\nc2;${day};blue;old;\n`],
    ['a separator that the mapping says', `case:at:team:state\nc1:2024-04-03:red:new\nc2:2024-04-03:blue:old\n`, { separator: ':' }],
    ['a first line that says the separator', `sep=^\r\ncase^at^team^state\r\nc1^${day}^red^new\r\nc2^${day}^blue^old\r\n`],
    ['blanks after commas', `case, at, team, state\nc1, ${day}, red, new\nc2, ${day}, blue, old\n`],
    ['blanks after commas and before quotes', `"case", "at", "team", "state"\n"c1", "${day}", "red", "new"\nc2, ${day}, blue, old\n`],
    ['columns nobody asked for, in another order', `state,__proto__,at,x,x,case,team\nnew,1,${day},,,c1,red\nold,1,${day},,,c2,blue\n`],
    ['a line end within the header', `case,at,team,"st\nate"\nc1,${day},red,new\nc2,${day},blue,old\n`, { phase: { columns: 'st\nate', values: {} } }],
    ['UTF-16 with its mark', Buffer.from(`\ufeffcase\tat\tteam\tstate\r\nc1\t${day}\tred\tnew\r\nc2\t${day}\tblue\told\r\n`, 'utf16le')],
  ]
  for (const [what, content, how] of table) {
    const { rows, unread, error } = await read(t, 'log.csv', content, how)
    t.strictSame({ rows: rows.map(([number, name, team]) => [number, name, team]), unread, error }, { rows: two.map(([number, name, team]) => [number, name, team]), unread: [], error: undefined }, what)
  }
  const two_members = Buffer.concat([gzipSync(`${header}c1,${day},red,new\n`), gzipSync(`c2,${day},blue,old\n`)])
  t.strictSame((await read(t, 'log.csv.gz', two_members)).rows, two, 'gzip in two members')
  t.strictSame((await read(t, 'log.csv', header)).rows, [], 'a header alone is a log without rows')
})

t.test('a file that does not fit is refused before its first row, by a sentence that says what to do', async (t) => {
  const table: readonly (readonly [file: string, content: string | Buffer, wanted: RegExp, how?: object])[] = [
    ['log.csv', 'case,when,team,state\n', /log\.csv has no column "at", which the mapping names\. It has "case", "when", "team", "state"/],
    ['log.csv', 'case at team state\n', /has no column "case", "at", "team", "state"/],
    ['log.csv', 'case;at;team;state\n', /has no column/, { separator: ',' }],
    ['log.csv', `${header}`, /has no column "waits for"/, { title: '{waits for}' }],
    ['log.csv', `${header}`, /has no column "kind"/, { where: { kind: ['a'] } }],
    ['log.csv', 'case,at,team,state,case\n', /more than one column "case"/],
    ['log.csv', '', /is empty: a CSV begins with a header/],
    ['log.csv', '\r\n\n', /is empty/],
    ['log.csv', 'ca"se,at\n', /header cannot be read/],
    ['log.csv', `${header}c1,${day},"red,new\nc2,${day},blue,old\n`, /log\.csv row 1: a quote is opened and never closed/],
    ['log.csv', `${header}c1,${day},red,new\nc2,${day},"red"x,new\n`, /log\.csv row 2: something stands between a closing quote/],
    ['log.csv', `${header}c1,${day},"${'x\n'.repeat(2_200_000)}`, /row 1: the row is longer than 4194304 characters/],
    ['log.csv', 'x'.repeat(400_000), /header is longer than 262144 characters/],
    ['log.csv.gz', gzipSync(Buffer.alloc(64 * 1024 * 1024)), /header is longer/],
    ['log.csv.gz', gzipSync(`${header}c1,${day},red,new\n`).subarray(0, -12), /log\.csv\.gz cannot be read: it ends in the middle/],
    ['log.csv.gz', `${header}c1,${day},red,new\n`, /log\.csv\.gz cannot be read: it is damaged, or no gzip/],
    ['log.csv', gzipSync(header), /it is gzip: let its name end in \.gz/],
    ['log.csv', 'PK\x03\x04\x14', /zip archive or a workbook/],
    ['log.xes', '', /line 1, column 0: document must contain a root element/],
    ['log.xes', '<html></html>', /the document is <html>, not <log>/],
    ['log.xes', '<log><trace></log>', /log\.xes cannot be read as XES: line 1, column 18: unexpected close tag/],
    ['log.xes', '<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><log><trace><string key="concept:name" value="&b;"/></trace></log>', /undefined entity/],
    ['log.xes', `<log>${'<a>'.repeat(200)}`, /more than 100 elements/],
    ['log.xes', `<log><string key="a" value="${'x'.repeat(4_400_000)}"/></log>`, /something is longer than 4194304 characters/],
    ['log.xes', '<log><trace><string key="concept:name" value="c"/><event><date key="when" value="2024-04-03T10:00Z"/></event></trace></log>', /has no "at" in any event, which the mapping names for time/, { case: 'case:concept:name' }],
  ]
  for (const [file, content, wanted, how] of table) {
    const { rows, error } = await read(t, file, content, how)
    t.match(error, wanted, String(wanted))
    t.strictSame(rows, [])
  }
  const none = Mapping.parse({ name: 'none', sources: [{ file: 'none.csv', ...plain }] })
  await t.rejects(rowsOf(none, t.testdir({}), { onUnread: () => undefined }), { message: 'none.csv cannot be read: there is no such file.' })
  await t.rejects(rowsOf(none, t.testdir({ 'none.csv': {} }), { onUnread: () => undefined }), { message: 'none.csv cannot be read: it is a folder.' })
})

t.test('bytes that are no text in the encoding are an error that names the place; the mapping may say another', async (t) => {
  const latin = Buffer.from(`${header}c1,${day},J\xfcrgen,new\nc2,${day},J\xf6rgen,old\n`, 'latin1')
  t.match((await read(t, 'log.csv', latin)).error, /log\.csv is no utf-8: see byte 41, line 2\. Say in the mapping which "encoding"/)
  t.match((await read(t, 'log.csv.gz', gzipSync(latin))).error, /log\.csv\.gz is no utf-8: see byte 41, line 2/)
  for (const encoding of ['latin1', 'ISO-8859-1', 'windows-1252']) {
    t.strictSame((await read(t, 'log.csv', latin, { encoding })).rows, [[1, 'c1', 'Jürgen', 'new'], [2, 'c2', 'Jörgen', 'old']], encoding)
  }
  t.strictSame((await read(t, 'log.csv', Buffer.from(`${header}c1,${day},\x80\x92,new\n`, 'latin1'), { encoding: 'windows-1252' })).rows, [[1, 'c1', '€’', 'new']])
  t.match((await read(t, 'log.csv', Buffer.from(`${header}c1,${day},red\ud800,new\n`, 'utf16le'), { encoding: 'utf-16le' })).error, /is no utf-16le: see byte 86, line 2/)
  t.match((await read(t, 'log.csv', Buffer.concat([Buffer.from(`${header}c1,${day},`), Buffer.from([0xe2, 0x82])]))).error, /is no utf-8: see byte 40, line 2/, 'a character that is cut off at the end')

  const event = `<event><date key="at" value="${day}"/><string key="org:group" value="J\xfcrgen"/></event>`
  const xes = (declaration: string) => Buffer.from(`${declaration}<log><trace><string key="concept:name" value="c"/>${event}</trace></log>`, 'latin1')
  const how = { case: 'case:concept:name', owner: 'org:group', phase: undefined }
  t.match((await read(t, 'log.xes', xes('<?xml version="1.0"?>'), how)).error, /log\.xes is no utf-8/)
  t.strictSame((await read(t, 'log.xes', xes('<?xml version="1.0" encoding="ISO-8859-1"?>'), how)).rows, [[1, 'c', 'Jürgen', undefined]])
  t.strictSame((await read(t, 'log.xes', xes(`<?xml version='1.0' encoding='utf-8'?>`), { ...how, encoding: 'latin1' })).rows, [[1, 'c', 'Jürgen', undefined]])
  t.match((await read(t, 'log.xes', xes('<?xml version="1.0" encoding="EBCDIC-1"?>'), how)).error, /says that its encoding is EBCDIC-1/)
  t.notOk(Mapping.safeParse({ name: 'none', sources: [{ file: 'a.csv', ...plain, encoding: 'utf-9' }] }).success)
})

t.test('wherever a wrong byte stands among chunks, its place is named', async (t) => {
  const line = `c1,${day},${'ü'.repeat(40)},new\n`
  const bytes = Buffer.from(header + line.repeat(3_000))
  const chance = fc.sample(fc.integer({ min: header.length, max: bytes.length - 1 }), { seed: 8, numRuns: 12 })
  for (const at of [65_535, 65_536, ...chance]) {
    const broken = Buffer.from(bytes)
    broken[at] = 0xff
    // Where the second byte of an ü is wrong, the character that is none begins before it.
    const begin = (bytes[at]! & 0xc0) === 0x80 ? at - 1 : at
    const line = bytes.subarray(0, begin).toString('latin1').split('\n').length
    t.match((await read(t, 'log.csv', broken)).error, `see byte ${begin}, line ${line}.`)
  }
})

t.test('nested structure of an XES is never read flat', async (t) => {
  const { rows, whole, unread } = await read(t, 'log.xes', `<?xml version="1.0"?>
    <log xes.version="1.0"><extension name="Concept" prefix="concept" uri="x"/><string key="concept:name" value="the log"/>
    <global scope="event"><string key="org:group" value="nobody"/></global>
    <trace><string key="concept:name" value="c1"/>
      <list key="members"><string key="concept:name" value="Bob"/><list key="more"><string key="org:group" value="x"/></list></list>
      <container key="box"><string key="concept:name" value="Eve"/></container>
      <event><string key="org:group" value="red"><string key="org:group" value="deep"><string key="at" value="1999-01-01T00:00Z"/></string></string>
        <date key="at" value="${day}"/><string key="state" value="new"/>
        <list key="history"><values><date key="at" value="1999-01-01T00:00Z"/><string key="org:group" value="Eve"/></values></list>
        <container key="box"><string key="state" value="done"/><event><string key="state" value="done"/></event></container>
        <list key="at"/>
      </event>
      <event><date key="at" value="2024-04-03T11:00Z"/><string key="org:group" value="a"/><string key="org:group" value="b"/></event>
      <event><date key="at" value="2024-04-03T12:00Z"/><string key="case:concept:name" value="other"/></event>
    </trace>
    <trace><string key="concept:name" value="c2"/><event><date key="at" value="2024-04-03T13:00Z"/></event></trace></log>`,
  { case: 'case:concept:name', owner: 'org:group' })
  t.strictSame(rows, [[1, 'c1', 'red', 'new'], [4, 'c2', undefined, undefined]])
  t.equal(whole[0]?.at, '2024-04-03T10:00:00.000Z')
  t.strictSame(unread, [[2, 'ATTRIBUTE_TWICE'], [3, 'ATTRIBUTE_TWICE']])
})

t.test('an event that stands in no trace, or lacks what others have, is one without it', async (t) => {
  const event = (more = '') => `<event><date key="at" value="${day}"/>${more}</event>`
  const log = `<log>${event()}<trace><string key="concept:name" value="c1"/>${event('<string key="constructor" value="red"/><string key="__proto__" value="new"/>')}${event()}</trace></log>`
  const { rows, unread, whole } = await read(t, 'log.xes', log, { case: 'case:concept:name', owner: 'constructor', phase: { columns: '__proto__', values: {} } })
  t.strictSame(rows.map(([number, name]) => [number, name]), [[2, 'c1'], [3, 'c1']])
  t.strictSame(whole.map(({ values }) => [values.constructor, values.__proto__]), [['red', 'new'], [undefined, undefined]])
  t.strictSame(unread, [[1, 'CASE_MISSING']])
})

t.test('whatever is nested in a trace or an event, what the two say of themselves is read alone', async (t) => {
  const attribute = (depth: number): fc.Arbitrary<string> => fc.tuple(
    fc.constantFrom('list', 'container', 'values', 'string', 'date'), fc.constantFrom('concept:name', 'at', 'org:group', 'state', 'event', 'trace'), fc.boolean(),
    depth === 0 ? fc.constant([]) : fc.array(attribute(depth - 1), { maxLength: 3 }),
  ).map(([tag, key, hasValue, within]) => `<${tag} key="${key}"${hasValue ? ' value="nested"' : ''}>${within.join('')}</${tag}>`)
  const box = fc.array(attribute(3), { maxLength: 3 }).map((within) => `<list key="box">${within.join('')}</list>`)
  const logs = fc.sample(fc.tuple(box, box, box, box), { seed: 5, numRuns: 40 })
  for (const [a, b, c, d] of logs) {
    const { rows, error } = await read(t, 'log.xes', `<log>${a}<trace>${b}<string key="concept:name" value="c1"/>${c}<event>${d}<date key="at" value="${day}"/>${a}<string key="org:group" value="red">${b}</string>${c}<string key="state" value="new"/>${d}</event></trace></log>`, { case: 'case:concept:name', owner: 'org:group' })
    t.strictSame({ rows, error }, { rows: [[1, 'c1', 'red', 'new']], error: undefined })
  }
})

t.test('a time is read as the mapping declares it', async (t) => {
  const at = async (text: string, how: object) => (await read(t, 'log.csv', `${header}c1,"${text}",red,new\n`, how)).whole[0]?.at
  t.equal(await at('03.04.2024 10:11', { format: 'dd.MM.yyyy HH:mm', zone: 'Europe/Berlin' }), '2024-04-03T08:11:00.000Z')
  t.equal(await at('1712139072', { format: 'epoch-seconds' }), '2024-04-03T10:11:12.000Z')
  t.equal(await at('', { format: 'epoch-seconds', asOf: '2024-04-03T10:11:12+02:00' }), '2024-04-03T08:11:12.000Z')
  for (const how of [{ format: 'dd.MM.yy' }, { zone: 'Berlin' }, { zone: '+25:00' }, { asOf: 'yesterday' }, { kind: 'dependencies' }, { separator: ';;' }]) {
    t.notOk(Mapping.safeParse({ name: 'none', sources: [{ file: 'a.csv', ...plain, ...how }] }).success, JSON.stringify(how))
  }
  const opened = { created: 'opened' }
  const { rows, unread } = await read(t, 'log.csv', `case,at,team,state,opened\nc1,${day},red,new,2024-04-03T09:00Z\nc2,${day},red,new,2024-04-03T10:01Z\nc3,${day},red,new,sometime\nc4,${day},red,new,\n`, opened)
  t.strictSame(rows.map(([number]) => number), [1, 4])
  t.strictSame(unread, [[2, 'CREATED_LATER'], [3, 'TIME_INVALID']])
})

t.test('a text that is cut is no longer than it may be, stays whole characters, and shows it', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (text, length_max) => {
    const kept = cut(text, length_max)
    return kept.isWellFormed() && kept.length <= length_max && (text.length <= length_max ? kept === text : kept.endsWith('…') && text.startsWith(kept.slice(0, -1)))
  }), { seed: 9, numRuns: 2_000 })
})
