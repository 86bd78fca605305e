import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { folderFor, forChildren } from '../embedded/testing.ts'
import { cliWith } from './command-line.ts'
import { daoQuestions, explained } from '../load/recorded/dao-votes.ts'
import { play } from '../load/recorded/play.ts'
import { rollCalls } from '../load/recorded/roll-calls.ts'
import { house } from './house.ts'

const { root, baton, admin, differences, log } = await house(t)
const dir = folderFor(t, 'import')
const cli = (...args: string[]) => cliWith(process.env, ...args)

const csv = `case,when,state,team,person,prio
c1,2021-05-01T08:00,New,blue,ann,1
c2,2021-05-01T08:30,New,blue,,2
c1,2021-05-01T09:00,Active,blue,ann,1
c1,2021-05-01T10:00,Waiting,blue,bob,1
c2,2021-05-01T10:30,Active,red,,2
c1,2021-05-01T11:00,Active,red,bob,1
c1,2021-05-01T12:00,Closed,red,bob,1
c2,2021-05-01T12:30,Closed,red,,2
c2,2021-05-01T13:00,Active,red,,2
c3,sometime,New,red,,2
`

const xes = `<?xml version="1.0"?><log xmlns="http://www.xes-standard.org/">
<trace><string key="concept:name" value="t1"/>
<event><date key="time:timestamp" value="2021-06-01T08:00:00.000+02:00"/><string key="org:group" value="green"/><string key="lifecycle:transition" value="schedule"/></event>
<event><date key="time:timestamp" value="2021-06-01T09:00:00.000+02:00"/><string key="org:group" value="green"><string key="nested" value="x"/></string><string key="lifecycle:transition" value="start"/></event>
<event><date key="time:timestamp" value="2021-06-01T10:00:00.000+02:00"/><string key="org:group" value="green"/><string key="lifecycle:transition" value="complete"/></event>
</trace></log>`

t.test('a case log goes through the command API with its order and times; what it contradicts is reported by row; again it changes nothing', async (t) => {
  writeFileSync(join(dir, 'cases.csv.gz'), gzipSync(csv))
  writeFileSync(join(dir, 'log.xes'), xes)
  const mapping = join(dir, 'mapping.json')
  const values = { New: 'open', Active: 'active', Waiting: 'blocked', Closed: 'done' }
  writeFileSync(mapping, JSON.stringify({
    name: 'journey',
    sources: [
      { file: 'cases.csv.gz', case: 'case', time: 'when', owner: 'team', assignee: 'person', priority: { column: 'prio', values: { 1: 'CRITICAL', 2: 'LOW' } }, phase: { columns: 'state', values } },
      { file: 'log.xes', case: 'case:concept:name', time: 'time:timestamp', owner: 'org:group', phase: { columns: 'lifecycle:transition', values: { schedule: 'open', start: 'active', complete: 'done' } } },
    ],
  }))
  const before = (await log()).length
  const report = join(dir, 'report.ndjson')
  const first = await cli('import', 'run', '--mapping', mapping, '--data', dir, '--report', report, '--root', root, '--json')
  t.match(first, { code: 0 }, first.err)
  const { rows, unread, refused } = JSON.parse(first.out)
  t.strictSame({ rows, unread, refused }, { rows: 12, unread: 1, refused: { 'start INVALID_STATE_TRANSITION': 1 } })
  const lines = readFileSync(report, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  t.match(lines, [{ file: 'cases.csv.gz', row: 10, case: 'c3', code: 'TIME_INVALID', reason: /when: "sometime" is no time/ }, { file: 'cases.csv.gz', row: 9, case: 'c2', wish: 'start', code: 'INVALID_STATE_TRANSITION', reason: /cannot do this/ }])

  const { items } = await admin.get<{ items: any[] }>('/tasks?status=DONE&limit=200')
  const imported = items.filter(({ tags }) => tags.includes('journey'))
  t.equal(imported.length, 3)
  const c1 = imported.find(({ metadata }) => metadata.case === 'c1')
  t.match(c1, { priority: 'CRITICAL', assignee: 'bob', created_at: '2021-05-01T08:00:00.000Z', completed_at: '2021-05-01T12:00:00.000Z' })
  t.equal(imported.find(({ metadata }) => metadata.case === 't1').completed_at, '2021-06-01T08:00:00.000Z')
  const history = (await log()).filter(({ fact }) => fact.id === c1.task)
  t.strictSame(history.map(({ fact }) => fact.type), ['TaskCreated', 'TaskAssigned', 'TaskStarted', 'TaskAssigned', 'TaskBlocked', 'TaskHandedOff', 'TaskAssigned', 'TaskUnblocked', 'DelegationStarted', 'TaskStarted', 'TaskCompleted', 'DelegationEnded'])
  t.ok(history.every(({ fact }) => fact.imported))
  t.strictSame(await differences(), [])

  const after = (await log()).length
  t.ok(after > before)
  t.match(await cli('import', 'run', '--mapping', mapping, '--data', dir, '--root', root, '--json'), { code: 0 })
  t.equal((await log()).length, after, 'nothing is doubled')
})

t.test('excerpts of two real logs go through with the mappings that Baton has for them, with nothing but a URL and a key; again they change nothing', async (t) => {
  const from = join(import.meta.dirname, 'data')
  for (const [excerpt, file] of [['itsm-incidents', 'events'], ['agent-fleet-events', 'gastown-events'], ['agent-fleet-tasks', 'gastown-tasks'], ['agent-fleet-deps', 'gastown-deps']]) {
    writeFileSync(join(dir, `${file}.csv.gz`), gzipSync(readFileSync(join(from, `${excerpt}.csv`))))
  }
  const env = { ...forChildren, BATON_URL: baton.urls.gateway, BATON_API_KEY: baton.adminKey.key }
  const play = async (mapping: string) => {
    const { code, out, err } = await cliWith(env, 'import', 'run', '--mapping', mapping, '--data', dir, '--root', join(dir, 'nothing'), '--json')
    t.equal(code, 0, err)
    const { elapsed_ms, ...played } = JSON.parse(out)
    return played
  }
  const incidents = await play('itsm-incidents')
  const fleet = await play('agent-fleet')
  t.strictSame(incidents, {
    rows: 299, commands: 314, unread: 0, byWish: { create: 30, assign: 72, handoff: 35, block: 24, start: 53, unblock: 24, complete: 30 },
    // What was resolved is done for good, and these incidents were taken up again.
    refused: { 'start INVALID_STATE_TRANSITION': 48, 'assign INVALID_STATE_TRANSITION': 23, 'handoff INVALID_STATE_TRANSITION': 21, 'block INVALID_STATE_TRANSITION': 13 },
  })
  t.strictSame(fleet, {
    rows: 292, commands: 231, unread: 0,
    byWish: { create: 49, assign: 26, handoff: 25, depend: 13, start: 45, complete: 41, release: 3, cancel: 3 },
    // Two tasks wait for one another, two were closed before what they wait for, and two dependencies name tasks that never come.
    refused: {
      'start INVALID_STATE_TRANSITION': 8, 'start DEPENDENCIES_UNMET': 2, 'depend DEPENDENCY_CYCLE': 1, 'depend NOT_FOUND': 1, 'depend DEPENDENCY_UNKNOWN': 1,
    },
  })
  t.strictSame(await differences(), [])
  const before = (await log()).length
  t.strictSame(await play('itsm-incidents'), incidents)
  t.strictSame(await play('agent-fleet'), fleet)
  t.equal((await log()).length, before, 'nothing is doubled')
})

t.test('C-14 C-26 C-30 proposals and roll calls end as they did, by their own rules; where the record differs it contradicts itself', async (t) => {
  const from = join(import.meta.dirname, 'data')
  const proposals = daoQuestions(join(from, 'dao-proposals.csv'), join(from, 'dao-votes.csv'))
  const calls = rollCalls(join(from, 'roll-calls.csv'), join(from, 'roll-call-votes.csv.gz')).slice(0, 3)
  const played = await play(admin, [...proposals, ...calls])
  const differing = proposals.filter(({ id, passed }) => (played.get(id)!.status === 'approved') !== passed)
  t.match(differing.map((one) => explained(one, played.get(one.id)!.status)), [
    /^row \d+ 78a81bb3f899: passed in the record, \w+ here: 49\.03 % of all weight was for it, and its bar is more than 50%/, /^row \d+ 4cf3c86dea26/, /^row \d+ 04ae3951e776/, /^row \d+ 70fc82fa4e2d/,
  ])
  const ends = new Map((await log()).map(({ fact }) => fact).filter(({ type }) => /^Decision[ARE]/.test(type)).map(({ id, at }) => [id, at]))
  for (const { id, name, state, ballots } of proposals.filter(({ state }) => state.endsWith('BarCrossed'))) {
    t.strictSame([played.get(id)!.taken, ends.get(id)], [ballots.length, ballots.at(-1)!.at], `${name} ${state} ends with its last ballot`)
  }
  for (const { id, name, yes, no, ballots } of calls) {
    t.strictSame(played.get(id), { id, status: yes > no ? 'approved' : 'rejected', taken: ballots.length }, name)
  }
  t.strictSame(await differences(), [])
})

t.test('an import stops with one sentence on what the log is not to blame for', async (t) => {
  const env = { ...forChildren, BATON_URL: baton.urls.gateway, BATON_API_KEY: `bk_${'x'.repeat(43)}` }
  const report = join(dir, 'stopped.ndjson')
  const { code, out, err } = await cliWith(env, 'import', 'run', '--mapping', 'agent-fleet', '--data', dir, '--root', join(dir, 'nothing'), '--json', '--report', report)
  t.equal(code, 1)
  const sentence = /^baton: INVALID_API_KEY: .*\. The import has stopped at gastown-\w+\.csv\.gz row \d+: run it again and it goes on, nothing is done twice\.\n$/
  t.match(err, sentence)
  t.match(JSON.parse(out), { rows: 0, commands: 0, stopped: /INVALID_API_KEY/ })
  t.match(JSON.parse(readFileSync(report, 'utf8').trim().split('\n').at(-1)!), { stopped: /INVALID_API_KEY/ })
})

t.test('a log full of faults is played as far as it can be; each fault is told of by file, row, code and reason', async (t) => {
  const lines = [
    'Fall; Wann; Stand; Gruppe; Titel',
    'f1; 03.04.2024 10:00; neu; Jürgen; Erster',
    'f1; 03.04.2024 12:00; los; Jürgen; Erster',
    'f1; 03.04.2024 11:00; fertig; Jürgen; Erster',
    'f2; 30.02.2024 10:00; neu; Jörgen; Zweiter',
    'f3; 03.04.2024 10:00; neu; "  "; Dritter',
    `${'f'.repeat(20_000)}; 03.04.2024 10:00; neu; Jörgen; Vierter`,
    `f5; 03.04.2024 10:00; neu; ${'J'.repeat(300)}; ${'t'.repeat(600)}`,
    'f6; 31.03.2024 02:30; neu; Jörgen; Sechster',
    'f7; 03.04.2124 10:00; neu; Jörgen; Siebter',
    'f8; 03.04.2024 10:00; neu; Jörgen; Achter',
  ]
  writeFileSync(join(dir, 'Vorgänge.csv'), lines.join('\r\n'), 'latin1')
  const source = {
    file: 'Vorgänge.csv', case: 'Fall', time: 'Wann', title: '{Titel}', owner: 'Gruppe', format: 'dd.MM.yyyy HH:mm', zone: 'Europe/Berlin',
    phase: { columns: 'Stand', values: { neu: 'open', los: 'active', fertig: 'done' } },
  }
  const [mapping, report] = [join(dir, 'faults.json'), join(dir, 'faults.ndjson')]
  const play = async (how: object) => {
    writeFileSync(mapping, JSON.stringify({ name: 'faults', sources: [{ ...source, ...how }] }))
    return cli('import', 'run', '--mapping', mapping, '--data', dir, '--report', report, '--root', root, '--json')
  }
  const reported = () => readFileSync(report, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  t.match(await play({}), { code: 2, err: /Vorgänge\.csv is no utf-8: see byte \d+, line 2/ })
  t.match(reported(), [{ stopped: /is no utf-8/ }])
  t.match(await play({ encoding: 'latin1', owner: 'Team' }), { code: 2, err: /no column "Team", which the mapping names\. It has "Fall", "Wann"/ })

  const before = (await log()).length
  const first = await play({ encoding: 'latin1' })
  t.match(first, { code: 0 }, first.err)
  const wanted = [
    { row: 3, case: 'f1', wish: 'complete', code: 'ENDED_BEFORE_START', reason: /taken up at 2024-04-03T10:00:00.000Z/ },
    { row: 4, case: 'f2', code: 'TIME_INVALID', reason: /no day of the calendar/ },
    { row: 5, case: 'f3', code: 'NAME_BLANK' },
    { row: 6, code: 'CASE_TOO_LONG' },
    { row: 8, case: 'f6', code: 'TIME_INVALID', reason: /skipped/ },
    { row: 9, case: 'f7', wish: 'create', code: 'VALIDATION_ERROR', reason: /baton-imported-at/ },
  ]
  const lines_told = reported()
  t.ok(lines_told.every(({ file }) => file === 'Vorgänge.csv'))
  t.match(lines_told.toSorted((a, b) => a.row - b.row), wanted)
  t.equal(lines_told.length, wanted.length)
  const names = (await log()).slice(before).flatMap(({ fact }) => (fact.type === 'OrchestratorRegistered' ? [(fact.data as { name: string }).name] : []))
  t.strictSame(names.sort(), [`${'J'.repeat(99)}…`, 'Jörgen', 'Jürgen'])
  t.strictSame(await differences(), [])
  // What processes still do of the first time is no fact of the second.
  const said = async () => (await log()).filter(({ fact }) => fact.by.kind !== 'process').length
  const after = await said()
  const again = await play({ encoding: 'latin1' })
  t.equal(again.code, 0)
  t.strictSame({ ...JSON.parse(again.out), elapsed_ms: 0 }, { ...JSON.parse(first.out), elapsed_ms: 0 })
  t.equal(await said(), after, 'and again nothing changes')
})
