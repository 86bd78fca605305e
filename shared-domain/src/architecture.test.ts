import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import t from 'tap'
import { choices, deciders, gate } from './catalogue.ts'
import { general } from './kernel/refusal.ts'

const root = join(import.meta.dirname, '../..')
const folders = '{shared-domain,shared-service,command-service,projection-service,query-service,daemon,dashboard}/src/**/*.ts'
const sources = globSync([folders, '{infra,scripts}/**/*.ts', 'dashboard/client/**/*.ts'], { cwd: root })
  .filter((path) => path !== 'shared-domain/src/architecture.test.ts')

const isDomain = (path: string) => path.startsWith('shared-domain/src/')
const programOf = (path: string) => /^(shared-service|command-service|projection-service|query-service|daemon|infra\/gateway)\//.exec(path)?.[1]
const isTool = (path: string) => /^shared-domain\/src\/(kernel\/(testing|picture|world|arbitrary)|scenery|.*\/scene)\.ts$/.test(path)
/** Tests, and what only tests are made of. */
const isTest = (path: string) => /\.(test|soak)\.ts$|\/(fixture|house|testing(-\w+)?)\.ts$/.test(path) || isTool(path)
/** It speaks with Baton as anybody does, in the words of the API. */
const isClient = (path: string) => path.startsWith('daemon/') && !isTest(path)
const isHost = (path: string) => programOf(path) !== undefined && !isTest(path) && !isClient(path)

/** Where the imports of a file lead: to paths below the root, or to packages by name. */
const targets = (path: string, source: string): readonly string[] =>
  [...source.matchAll(/^\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|\bimport\s*\(?\s*'([^']+)'/gm)].map(([, from, bare]) => {
    const name = (from ?? bare)!
    if (name.startsWith('.')) return posix.join(posix.dirname(path), name)
    return name.replace(/^shared-(domain|service)\//, 'shared-$1/src/')
  })

/** The source without comments and without what stands in quotes. */
const codeOf = (source: string) => source.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '').replace(/'(?:\\.|[^'\\\n])*'/g, `''`)

const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([hit]) => hit.trim())

/** Sources by the path at which they might stand. */
type Plants = Readonly<Record<string, readonly string[]>>

interface Rule {
  readonly name: string
  readonly concerns: (path: string) => boolean
  /** What is wrong, in the words of the source. */
  readonly violations: (path: string, source: string) => readonly string[]
  /** Sources that break the rule, and sources that only look like it. */
  readonly wrong: Plants
  readonly right: Plants
}

const task = 'shared-domain/src/work/task/decider.ts'
const kernel = 'shared-domain/src/kernel/decider.ts'
const vocabulary = 'shared-domain/src/vocabulary.ts'
const host = 'query-service/src/routes.ts'
const test = 'query-service/src/routes.test.ts'
const gateway = 'infra/gateway/main.ts'
const shared = 'shared-service/src/problems.ts'

const outside = /\b(Date\.now|new Date\(\)|Math\.random|process\.\w+|performance\.now|crypto\.|fetch\(|console\.|globalThis)/g
const waiting = /\b(async|await|queueMicrotask|new Promise|Promise\.|set(Timeout|Interval|Immediate)\()/g
/** `organization` is a column, too, that every host knows. */
const names = deciders.flatMap(({ category, events }) => [category, ...Object.keys(events.definitions)]).filter((name) => name !== 'organization')
const named = new RegExp(`'(${names.join('|')})'`, 'g')

const codes = [...deciders.flatMap(({ rejections }) => Object.keys(rejections)), ...choices.map(({ nothing }) => nothing.code), ...Object.keys(gate.rejections)]
const coded = new RegExp(`\\b(${codes.filter((code) => !(code in general)).join('|')})\\b`, 'g')

/** Besides zod, which any file of the domain may import. */
const libraries: Readonly<Record<string, string>> = {
  'shared-domain/src/kernel/zone.ts': 'temporal-polyfill', 'shared-domain/src/rhythm/due.ts': 'croner',
  'shared-domain/src/kernel/destination.ts': 'ipaddr.js',
}

const rules: readonly Rule[] = [
  {
    name: 'R-1 the domain imports itself and zod, in one file each temporal-polyfill, croner and ipaddr.js, and nothing of the machinery around it',
    concerns: (path) => isDomain(path) && !isTest(path),
    violations: (path, source) => targets(path, source)
      .filter((target) => target !== 'zod' && target !== libraries[path] && !isDomain(target)),
    wrong: {
      [task]: [
        `import pg from 'pg'`, `import 'uuid'`, `import type { Pool } from 'pg'`, `const pg = await import('pg')`, `export * from 'pg'`,
        `import { readFileSync } from 'node:fs'`, `import {\n  handle,\n} from '../../../../command-service/src/handle.ts'`,
        `import { Temporal } from 'temporal-polyfill'`, `import { Cron } from 'croner'`,
      ],
      'shared-domain/src/kernel/zone.ts': [`import { Cron } from 'croner'`, `import pg from 'pg'`],
      'shared-domain/src/rhythm/due.ts': [`import { Temporal } from 'temporal-polyfill'`],
    },
    right: {
      'shared-domain/src/kernel/zone.ts': [`import { Temporal } from 'temporal-polyfill'`],
      'shared-domain/src/rhythm/due.ts': [`import { Cron } from 'croner'\nimport { z } from 'zod'`],
      [task]: [`import { z } from 'zod'\nimport { capacity } from '../../fleet/capacity/decider.ts'`],
      'shared-domain/src/work/task/lifecycle.test.ts': [`import fc from 'fast-check'`],
      [host]: [`import pg from 'pg'`],
    },
  },
  {
    name: 'what tests of the domain are made of imports no more of the machinery than their libraries',
    concerns: isTool,
    violations: (path, source) => targets(path, source).filter((target) => !/^(zod|tap|fast-check)$/.test(target) && !isDomain(target)),
    wrong: {
      'shared-domain/src/kernel/world.ts': [`import pg from 'pg'`],
      'shared-domain/src/work/task/scene.ts': [`import { app } from '../../../../query-service/src/app.ts'`],
    },
    right: { 'shared-domain/src/kernel/testing.ts': [`import type { Test } from 'tap'`] },
  },
  {
    name: 'the domain reads no clock, draws no lots, waits for nothing and touches nothing outside',
    concerns: (path) => isDomain(path) && !isTest(path),
    violations: (_, source) => [...found(codeOf(source), outside), ...found(codeOf(source), waiting)],
    wrong: {
      [task]: [
        'const at = Date.now()', 'const at = new Date()', 'const id = Math.random()', 'const id = crypto.randomUUID()',
        'if (process.env.X) f()', 'async function f() {}', 'const x = await y', 'new Promise(f)', 'setTimeout(f, 1)', 'console.log(1)',
      ],
    },
    right: {
      [task]: [
        'const at = new Date(epoch_ms)', '/** Never uses Date.now(). */', '// Never uses Date.now().', `const text = 'await us'`,
        `import { process } from './process.ts'\nprocess({ name })`,
      ],
      'shared-domain/src/catalogue.test.ts': ['const x = await y'],
      [host]: ['const at = Date.now()'],
    },
  },
  {
    name: 'the kernel knows no area, and the vocabulary knows the kernel alone',
    concerns: (path) => path === vocabulary || (path.startsWith('shared-domain/src/kernel/') && !isTest(path)),
    violations: (path, source) =>
      targets(path, source).filter((target) => isDomain(target) && !target.startsWith('shared-domain/src/kernel/')),
    wrong: {
      [kernel]: [`import { task } from '../work/task/decider.ts'`],
      [vocabulary]: [`import { task } from './work/task/decider.ts'`],
    },
    right: { [vocabulary]: [`import { isZone } from './kernel/time.ts'`], [task]: [`import { orchestrator } from '../../fleet/x.ts'`] },
  },
  {
    name: 'what runs is not made of what tests are made of',
    concerns: (path) => !isTest(path),
    violations: (path, source) => targets(path, source).filter((target) => isTest(target) || /^(tap|fast-check)$/.test(target)),
    wrong: {
      [task]: [`import { now } from '../../kernel/testing.ts'`, `import { owner } from './scene.ts'`, `import fc from 'fast-check'`],
      [host]: [`import { home } from './fixture.ts'`],
    },
    right: { [test]: [`import { home } from './fixture.ts'`], [task]: [`import { later } from '../../kernel/time.ts'`] },
  },
  {
    name: 'a program imports itself, packages, the domain and what services share: programs meet nowhere else',
    concerns: (path) => programOf(path) !== undefined,
    violations: (path, source) => targets(path, source).filter((target) => {
      if (target.startsWith(`${programOf(path)}/`) || target.startsWith('shared-service/src/') || (isTest(path) && target.startsWith('infra/embedded/'))) return false
      return /^(\.\.|shared-service|command-service|projection-service|query-service|daemon|infra|scripts)(\/|$)/.test(target)
    }),
    wrong: {
      [host]: [
        `import { handle } from '../../command-service/src/handle.ts'`, `import { handle } from 'command-service/src/handle.ts'`,
        `import { startServer } from '../../infra/embedded/server.ts'`, `import { x } from '../../../elsewhere.ts'`,
      ],
      [test]: [`import { tables } from '../../projection-service/src/tables.ts'`],
      [gateway]: [`import { app } from '../../query-service/src/app.ts'`],
      [shared]: [`import { app } from '../../query-service/src/app.ts'`, `import { app } from 'query-service/src/app.ts'`],
    },
    right: {
      [gateway]: [`import { Problem } from 'shared-service/problems.ts'`],
      [host]: [`import { server } from 'shared-service/server.ts'`, `import { a } from './app.ts'`, `import { b } from 'shared-domain/catalogue.ts'`, `import Fastify from 'fastify'`],
      [test]: [`import { startServer } from '../../infra/embedded/server.ts'`],
      'scripts/up.ts': [`import { app } from '../query-service/src/app.ts'`],
    },
  },
  {
    // Journeys, load and chaos start, measure and break the whole house, with its scripts.
    name: 'what is below the scripts imports nothing of them',
    concerns: (path) => /^infra\/(?!journeys\/|load\/|chaos\/)/.test(path),
    violations: (path, source) => targets(path, source).filter((target) => target.startsWith('scripts/')),
    wrong: {
      'infra/embedded/eventstore/tools/commands.ts': [`import { places } from '../../../../scripts/places.ts'`],
      'infra/console/progress.ts': [`import { up } from '../../scripts/up.ts'`],
      'infra/embedded/engines.test.ts': [`const { up } = await import('../../scripts/up.ts')`],
    },
    right: {
      'infra/embedded/eventstore/tools/commands.ts': [`import { print } from '../../../console/command.ts'`],
      'infra/journeys/house.ts': [`import { up } from '../../scripts/up.ts'`],
      'scripts/places.ts': [`import { Usage } from '../infra/console/command.ts'`],
    },
  },
  {
    name: 'what services share knows the kernel of the domain, and no service',
    concerns: (path) => path.startsWith('shared-service/') && !isTest(path),
    violations: (path, source) => targets(path, source)
      .filter((target) => isDomain(target) && !target.startsWith('shared-domain/src/kernel/')),
    wrong: {
      [shared]: [`import { deciders } from 'shared-domain/catalogue.ts'`, `import { admit } from 'shared-domain/fleet/key/state.ts'`],
    },
    right: {
      [shared]: [`import { general } from 'shared-domain/kernel/refusal.ts'`],
      [host]: [`import { deciders } from 'shared-domain/catalogue.ts'`],
    },
  },
  {
    // Keys, and organizations whose they are, are the exception: whoever lets somebody in must know what a key is.
    name: 'a host imports the kernel, the vocabulary and the catalogue, and no part of the domain by name',
    concerns: isHost,
    violations: (path, source) => targets(path, source)
      .filter((target) => isDomain(target) && !/^shared-domain\/src\/(kernel\/|catalogue\.ts|vocabulary\.ts|fleet\/(key|organization)\/)/.test(target)),
    wrong: {
      [host]: [
        `import { backlog } from 'shared-domain/work/task/backlog.ts'`,
        `import type { TaskEvent } from 'shared-domain/work/task/events.ts'`,
      ],
    },
    right: {
      [host]: [`import { readModels } from 'shared-domain/catalogue.ts'\nimport { admit } from 'shared-domain/fleet/key/state.ts'`],
      [test]: [`import { backlog } from 'shared-domain/work/task/backlog.ts'`],
    },
  },
  {
    // In OpenAPI `apiKey` is a word of that language.
    name: 'a host names neither a category nor a fact',
    concerns: isHost,
    violations: (_, source) => found(source.replaceAll(`type: 'apiKey', in:`, ''), named),
    wrong: { [host]: [`if (category === 'task') f()`, `case 'TaskCompleted': return 1`] },
    right: {
      [host]: [`const security = { type: 'apiKey', in: 'header' }`, `const tasks = 'tasks'`],
      [test]: [`const category = 'task'`],
    },
  },
  {
    name: 'a host names no code that is declared in the domain, but for the few that every host gives itself',
    concerns: isHost,
    violations: (_, source) => found(source, coded),
    wrong: {
      [host]: [`if (code === 'CAPACITY_EXCEEDED') f()`, 'const retryable = { RETRY_NOT_DUE: true }', `reject('NOTHING_TO_CLAIM')`],
      [gateway]: [`const stale = new Set(['INVALID_STATE_TRANSITION', 'NOT_FOUND'])`],
    },
    right: {
      [host]: [`reject('NOT_FOUND')`, `const own = { RATE_LIMITED: 429 }`, 'const DEPENDENCIES_UNMET_MAX = 1'],
      [test]: [`code: 'CAPACITY_EXCEEDED'`],
      [task]: [`reject('CAPACITY_EXCEEDED')`],
    },
  },
  {
    // What JavaScript makes of the text of a database, or of people, is another time in the years below 100.
    name: 'a host reads no time out of text: the kernel does',
    concerns: isHost,
    violations: (_, source) => found(codeOf(source), /\bnew Date\((?!\))|\bDate\.parse\(/g),
    wrong: { [host]: ['const parse = (text) => new Date(text).toISOString()', 'if (Date.parse(at) > 0) f()'] },
    right: {
      [host]: ['const at = new Date().toISOString()', '/** Never new Date(text). */'],
      'shared-domain/src/kernel/time.ts': ['const at = new Date(epoch_ms)'],
      [test]: [`const soon = new Date(Date.now() + 1)`],
    },
  },
  {
    name: 'the gateway and daemons know the API alone, and of the domain the kernel at the most',
    concerns: (path) => /^(infra\/gateway\/|daemon\/|scripts\/daemon\.ts)/.test(path) && !isTest(path),
    violations: (path, source) => targets(path, source).filter((target) =>
      (isDomain(target) && !(isClient(path) && target.startsWith('shared-domain/src/kernel/'))) || (target.includes('-service/') && !(programOf(path) && target.startsWith('shared-service/')))),
    wrong: {
      [gateway]: [`import { deciders } from 'shared-domain/catalogue.ts'`],
      'daemon/src/run.ts': [`import { deciders } from 'shared-domain/catalogue.ts'`],
      'scripts/daemon.ts': [`import { deciders } from 'shared-domain/catalogue.ts'`, `import { Problem } from 'shared-service/problems.ts'`],
    },
    right: {
      'scripts/daemon.ts': [`import { connect } from './api.ts'`],
      'daemon/src/output.ts': [`import { redactText } from 'shared-domain/kernel/redaction.ts'`],
      [host]: [`import { deciders } from 'shared-domain/catalogue.ts'`],
    },
  },
  {
    name: 'who wants something imports the file that declares it: there are no barrels',
    concerns: () => true,
    violations: (_, source) => found(source, /^export (\*|\{[^}]*\}) from '[^']+'/gm),
    wrong: { [host]: [`export * from './app.ts'`, `export { app } from './app.ts'`, `export {\n  app,\n} from './app.ts'`] },
    right: { [host]: ['export const routes = 1', 'const x = 1\nexport { x }'] },
  },
  {
    name: 'files are named by what they hold',
    concerns: () => true,
    violations: (path) => found(path, /(^|\/)(utils?|common|helpers?|misc|shared|types|lib)(\/|\.ts$)/g),
    wrong: { 'query-service/src/utils.ts': [''], 'query-service/src/common/strings.ts': [''], 'query-service/src/helpers.ts': [''] },
    right: { [host]: [''], 'query-service/src/library.ts': [''] },
  },
  {
    name: 'an import of a source gives the path of its file',
    concerns: () => true,
    violations: (path, source) => targets(path, source)
      .filter((target) => /^(\.|(shared-domain|[a-z]+-service|infra|scripts)\/)/.test(target) && !target.endsWith('.ts')),
    wrong: { [host]: [`import { app } from './app'`, `import { deciders } from 'shared-domain/catalogue'`] },
    right: { [host]: [`import { app } from './app.ts'`, `import Fastify from 'fastify'`] },
  },
  {
    name: 'only the start of a program and its configuration read the environment',
    concerns: (path) => (isHost(path) || isClient(path)) && !/\/(main|config)\.ts$/.test(path),
    violations: (_, source) => found(codeOf(source), /process\.env/g),
    wrong: { [host]: ['const url = process.env.DATABASE_URL'] },
    right: {
      [host]: ['/* process.env */'],
      [test]: ['spawn({ env: process.env })'],
      'query-service/src/main.ts': ['configFrom(process.env)'],
    },
  },
  {
    name: 'a line of the domain has at most 140 columns',
    concerns: isDomain,
    violations: (_, source) => found(source, /^.{141,}$/gm),
    wrong: { [task]: [`const x = 1\n// ${'x'.repeat(138)}`] },
    right: { [task]: [`// ${'x'.repeat(137)}`], [host]: [`// ${'x'.repeat(138)}`] },
  },
  {
    name: 'L-61 pages make neither markup nor code of text, and import nothing but themselves and their four libraries',
    concerns: (path) => path.startsWith('dashboard/client/') && !isTest(path),
    violations: (path, source) => [
      ...found(codeOf(source), /\b(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|eval|new Function|javascript:|setAttribute\(|srcdoc)\b/g),
      ...found(source, /<[a-z][^>]*\son[a-z]+=|\bset(Timeout|Interval)\(\s*['"`]/g),
      ...targets(path, source).filter((target) => !target.startsWith('dashboard/client/') && !/^(preact|preact\/hooks|htm|uplot|@dagrejs\/dagre)$/.test(target)),
    ],
    wrong: {
      'dashboard/client/app.ts': [
        'element.innerHTML = title', 'html`<p dangerouslySetInnerHTML=${{ __html: title }} />`', 'eval(text)', 'new Function(text)',
        'html`<a onclick="go()">`', `setTimeout('go()', 1)`, `import { z } from 'zod'`, `import { deciders } from 'shared-domain/catalogue.ts'`,
      ],
    },
    right: {
      'dashboard/client/app.ts': ['html`<a onClick=${go}>${title}</a>`', `import { h } from 'preact'\nimport { go } from './places.ts'`, 'setTimeout(() => go(), 1)'],
      'dashboard/client/app.test.ts': [`import t from 'tap'`],
    },
  },
  {
    // A task may be in the status TODO.
    name: 'nothing is left for later',
    concerns: () => true,
    violations: (_, source) => found(source, /(\/\/|\*)\s*TODO\b.*|\b(FIXME|XXX)\b/g),
    wrong: { [task]: ['// TODO: finish this', '/* FIXME */', '/** TODO finish */'] },
    right: { [task]: [`status: 'TODO'`, 'TODO: same,', `{ TODO: 'todo' }`] },
  },
]

/** Where imports, those of types too, lead back to where they began: the files on the way, the first one again at the end. */
function circlesOf(texts: readonly (readonly [path: string, source: string])[]): readonly string[] {
  const leads = new Map(texts.map(([path, source]) => [path, targets(path, source)]))
  const circles: string[] = []
  const seen = new Set<string>()
  const follow = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' > '))
    if (seen.has(path)) return
    seen.add(path)
    for (const target of leads.get(path) ?? []) follow(target, [...trail, path])
  }
  for (const path of leads.keys()) follow(path, [])
  return circles
}

const broken = ({ concerns, violations }: Rule, path: string, source: string) => (concerns(path) ? violations(path, source) : [])

t.test('every source keeps every rule', async (t) => {
  t.ok(sources.length > 100, 'the sources were found')
  const texts = sources.map((path) => [path, readFileSync(join(root, path), 'utf8')] as const)
  for (const rule of rules) {
    const violations = texts.flatMap(([path, source]) => broken(rule, path, source).map((violation) => `${path}: ${violation}`))
    t.strictSame(violations, [], rule.name)
  }
  t.strictSame(circlesOf(texts), [], 'imports run in no circle')
})

t.test('a circle of imports is seen, however long it is and wherever it is entered', async (t) => {
  const plant = (...edges: readonly (readonly [from: string, to: string])[]) => circlesOf([...Map.groupBy(edges, ([from]) => from)]
    .map(([from, all]) => [`scripts/${from}.ts`, all.map(([, to]) => `import type { X } from './${to}.ts'\n`).join('')]))
  const circle = (...names: string[]) => names.map((name) => `scripts/${name}.ts`).join(' > ')
  t.strictSame(plant(['a', 'a']), [circle('a', 'a')])
  t.strictSame(plant(['a', 'b'], ['b', 'a']), [circle('a', 'b', 'a')])
  t.strictSame(plant(['a', 'b'], ['b', 'c'], ['c', 'd'], ['d', 'b']), [circle('b', 'c', 'd', 'b')])
  t.strictSame(plant(['a', 'b'], ['b', 'a'], ['c', 'b'], ['c', 'd'], ['d', 'c']), [circle('a', 'b', 'a'), circle('c', 'd', 'c')])
  t.strictSame(plant(['a', 'b'], ['a', 'c'], ['b', 'd'], ['c', 'd']), [], 'two ways to one place')
})

t.test('every rule sees what it forbids, and nothing else', async (t) => {
  const each = (plants: Plants) => Object.entries(plants).flatMap(([path, sources]) => sources.map((source) => [path, source] as const))
  for (const rule of rules) {
    t.ok(each(rule.wrong).length > 0 && each(rule.right).length > 0, rule.name)
    for (const [path, source] of each(rule.wrong)) t.not(broken(rule, path, source).length, 0, `wrong: ${path}: ${source}`)
    for (const [path, source] of each(rule.right)) t.strictSame(broken(rule, path, source), [], `right: ${path}: ${source}`)
  }
})
