import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const folder = new URL('.', import.meta.url)
const textOf = (name: string) => readFileSync(new URL(name, folder), 'utf8')

/** Sections of the contract that a text cites, and no others: §3.3, not the §3 in it. */
const cited = (text: string) => new Set(Array.from(text.matchAll(/§(\d+(?:\.\d+)?)/g), ([, section]) => section!))

const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.test.ts') && name !== 'sections.test.ts').toSorted()

t.test('the table of the README names, for each section of the contract, the tests that cite it', async (t) => {
  const rows = Array.from(textOf('README.md').matchAll(/^\| §([\d.]+) \|[^|]*\|([^|]*)\|$/gm), ([, section, names]) =>
    [section!, Array.from(names!.matchAll(/`([^`]+)`/g), ([, name]) => `${name}.test.ts`)] as const)
  t.ok(rows.length > 10)
  const sections = new Set(tests.flatMap((name) => [...cited(textOf(name))]))
  t.same(rows.map(([section]) => section).toSorted(), [...sections].toSorted(), 'each section has its row')
  for (const [section, names] of rows) t.same(names, tests.filter((name) => cited(textOf(name)).has(section)), `§${section}`)
})

t.test('no row of a table of the contract is left out', async (t) => {
  for (const name of ['server.test.ts', 'storage/append-rules.test.ts']) {
    const rows = new Set(Array.from(textOf(name).matchAll(/'row (\d+), /g), ([, row]) => Number(row)))
    t.same([...rows].toSorted((a, b) => a - b), Array.from({ length: Math.max(...rows) }, (_, nth) => nth + 1), name)
  }
})
