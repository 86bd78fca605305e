import { spawn } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { SyntaxKind, type Node, type SourceFile } from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/sync'
import { random } from './random.ts'

// Changes the domain a little, one place at a time, and asks its tests: a change that no test notices shows a rule that none holds.
// `npm run mutants -- --count 50 --seed 1`. It works on a copy.
const { values } = parseArgs({ options: { count: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } } })
const [count, seed] = [Number(values.count), Number(values.seed)]
const root = join(import.meta.dirname, '..')
const died_min = 0.95
/** A change can make a loop endless: that is noticed, too. */
const test_ms_max = 120_000
/** What tests are made of, and nobody else. */
const tools = /\/(testing(-\w+)?|world|picture|arbitrary|scenery|scene)\.ts$/

interface Mutant {
  readonly file: string
  readonly from: number
  readonly to: number
  readonly text: string
}

const operators: Partial<Record<SyntaxKind, string>> = {
  [SyntaxKind.EqualsEqualsEqualsToken]: '!==', [SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [SyntaxKind.LessThanToken]: '<=', [SyntaxKind.LessThanEqualsToken]: '<',
  [SyntaxKind.GreaterThanToken]: '>=', [SyntaxKind.GreaterThanEqualsToken]: '>',
  [SyntaxKind.AmpersandAmpersandToken]: '||', [SyntaxKind.BarBarToken]: '&&',
  [SyntaxKind.PlusToken]: '-', [SyntaxKind.MinusToken]: '+', [SyntaxKind.AsteriskToken]: '/', [SyntaxKind.SlashToken]: '*',
}

/** Every small change that a source allows: comparisons, logic, arithmetic, constants, conditions, and guards that are dropped. */
function mutantsOf(source: SourceFile, file: string): readonly Mutant[] {
  const found: Mutant[] = []
  const put = (node: Node, text: string) => found.push({ file, from: node.getStart(source), to: node.end, text })
  const visit = (node: Node & Record<string, any>): void => {
    if (node.kind >= SyntaxKind.FirstTypeNode && node.kind <= SyntaxKind.LastTypeNode) return
    // The version of a read model is its name in the database: another one changes nothing here.
    if (node.kind === SyntaxKind.PropertyAssignment && node.name.text === 'version') return
    const text = source.text.slice(node.getStart(source), node.end)
    const operator = node.kind === SyntaxKind.BinaryExpression && operators[node.operatorToken.kind as SyntaxKind]
    if (operator) put(node.operatorToken, operator)
    if (node.kind === SyntaxKind.NumericLiteral) put(node, `(${text} + 1)`)
    if (node.kind === SyntaxKind.TrueKeyword) put(node, 'false')
    if (node.kind === SyntaxKind.FalseKeyword) put(node, 'true')
    if (node.kind === SyntaxKind.PrefixUnaryExpression && text.startsWith('!')) put(node, text.slice(1))
    if (node.kind === SyntaxKind.ConditionalExpression) {
      const { condition } = node
      put(condition, `!(${source.text.slice(condition.getStart(source), condition.end)})`)
    }
    if (node.kind === SyntaxKind.IfStatement) put(node.expression, 'false')
    node.forEachChild(visit)
  }
  visit(source)
  return found
}

function chosen<T>(all: readonly T[], n: number, random: () => number): readonly T[] {
  const left = [...all]
  return Array.from({ length: Math.min(n, left.length) }, () => left.splice(Math.floor(random() * left.length), 1)[0]!)
}

const copy = mkdtempSync(join(tmpdir(), 'baton-mutants-'))
process.once('exit', () => rmSync(copy, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
for (const name of ['shared-domain', 'package.json', 'tsconfig.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))

const tests = globSync('shared-domain/src/**/*.test.ts', { cwd: copy }).filter((test) => !test.endsWith('architecture.test.ts')).toSorted()
const sources = globSync('shared-domain/src/**/*.ts', { cwd: copy }).filter((file) => !file.endsWith('.test.ts') && !tools.test(file)).toSorted()

/** Tests in the order of their distance: of the same folder, of those above, of all others. */
function nearest(file: string): readonly string[] {
  const steps = (test: string) => relative(dirname(file), dirname(test)).split('/').filter(Boolean).length
  return tests.toSorted((a, b) => steps(a) - steps(b))
}

const passes = (test: string) => new Promise<boolean>((resolve) => {
  const child = spawn(process.execPath, [test], { cwd: copy, stdio: 'ignore', timeout: test_ms_max, killSignal: 'SIGKILL' })
  child.once('exit', (code) => resolve(code === 0))
})

/** The first two, of two at a time, of which one does not pass. */
async function failing(asked: readonly string[]): Promise<readonly string[] | undefined> {
  for (let n = 0; n < asked.length; n += 2) {
    const pair = asked.slice(n, n + 2)
    if ((await Promise.all(pair.map(passes))).includes(false)) return pair
  }
  return undefined
}

async function survives({ file, from, to, text }: Mutant): Promise<boolean> {
  const path = join(copy, file)
  const before = readFileSync(path, 'utf8')
  writeFileSync(path, before.slice(0, from) + text + before.slice(to))
  try {
    return await failing(nearest(file)) === undefined
  } finally {
    writeFileSync(path, before)
  }
}

const api = new API({ cwd: root })
const { program } = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects()[0]!
const all = sources.flatMap((file) => mutantsOf(program.getSourceFile(join(root, file))!, file))
api.close()

const broken = await failing(tests)
if (broken) {
  process.stderr.write(`Without any change ${broken.join(' or ')} fails: mend that first.\n`)
  process.exit(1)
}
let survivors = 0
const mutants = chosen(all, count, random(seed))
for (const mutant of mutants) {
  const { file, from, to, text } = mutant
  const source = readFileSync(join(copy, file), 'utf8')
  const line = source.slice(0, from).split('\n').length
  if (!await survives(mutant)) continue
  survivors++
  process.stdout.write(`survived: ${file}:${line}  ${source.slice(from, to)}  →  ${text}\n          ${source.split('\n')[line - 1]!.trim()}\n`)
}
const died = mutants.length - survivors
process.stdout.write(`${died} of ${mutants.length} changes were noticed, of ${all.length} that there are (seed ${seed})\n`)
process.exit(died < died_min * mutants.length ? 1 : 0)
