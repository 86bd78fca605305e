import { readFileSync } from 'node:fs'

/** Least share of lines that the tests must run, by what the code is. */
const groups = [
  { name: 'domain', of: /^shared-domain\//, least: 1 },
  { name: 'services', of: /^(shared|command|projection|query)-service\//, least: 0.9 },
  { name: 'event store', of: /^infra\/embedded\/eventstore\//, least: 0.9 },
  { name: 'engines and gateway', of: /^infra\/(embedded|gateway)\//, least: 0.9 },
  { name: 'daemon', of: /^daemon\//, least: 0.9 },
  { name: 'dashboard', of: /^dashboard\//, least: 0.9 },
  { name: 'command line', of: /^(scripts|infra\/console)\//, least: 0.9 },
]

interface File { readonly path: string; readonly found: number; readonly hit: number; readonly missed: readonly number[] }

const files = readFileSync(new URL('../.tap/report/lcov.info', import.meta.url), 'utf8').split('end_of_record').flatMap((record): File[] => {
  const path = /^SF:(.*)$/m.exec(record)?.[1]
  if (path === undefined) return []
  const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(([, line, count]) => ({ line: Number(line), isHit: count !== '0' }))
  return [{ path, found: lines.length, hit: lines.filter(({ isHit }) => isHit).length, missed: lines.filter(({ isHit }) => !isHit).map(({ line }) => line) }]
})

/** 3, 4, 5, 9 as 3-5 9. */
const ranges = (lines: readonly number[]): string => lines
  .filter((line, index) => lines[index - 1] !== line - 1)
  .map((first) => {
    let last = first
    while (lines.includes(last + 1)) last++
    return last === first ? `${first}` : `${first}-${last}`
  }).join(' ')

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const left = new Set(files)
for (const { name, of, least } of groups) {
  const mine = [...left].filter(({ path }) => of.test(path))
  for (const file of mine) left.delete(file)
  const share = sum(mine.map(({ hit }) => hit)) / sum(mine.map(({ found }) => found))
  const isEnough = share >= least
  process.stdout.write(`${name.padEnd(20)} ${(100 * share).toFixed(2).padStart(6)} % of lines${isEnough ? '' : `, should be ${100 * least} %`}\n`)
  if (isEnough && !process.argv.includes('--missed')) continue
  for (const { path, missed } of mine) if (missed.length > 0) process.stdout.write(`  ${path}: ${ranges(missed)}\n`)
  if (!isEnough) process.exitCode = 1
}
