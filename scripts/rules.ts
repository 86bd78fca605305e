import { globSync, readFileSync } from 'node:fs'

const citation = /\b[SWFRCEPKLOH]-\d+\b/g
/** A test begins where its name stands: `t.test('...'`, also as a template or with double quotes. */
const beginning = /\bt\.(?:test|only)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g

export interface Citation {
  readonly rule: string
  /** Path below the root. */
  readonly file: string
  /** Undefined where a rule is cited before the first test. */
  readonly test: string | undefined
}

/** Every rule that the source of a test file cites, with the test whose name or body does; each once. */
export function citationsIn(file: string, source: string): readonly Citation[] {
  const tests = [...source.matchAll(beginning)].map(({ index, 1: single, 2: double, 3: template }) => ({ index, name: single ?? double ?? template! }))
  const found = [...source.matchAll(citation)].map(({ index, 0: rule }): Citation =>
    // The name stands behind where its test begins.
    ({ rule, file, test: tests.findLast((test) => test.index < index)?.name.replaceAll(/\\(.)/g, '$1') }))
  return [...new Map(found.map((one) => [`${one.rule} ${one.test}`, one])).values()]
}

/** Of all test files below the root. */
export const citations = (root: string): readonly Citation[] =>
  globSync('**/*.test.ts', { cwd: root, exclude: (name) => name === 'node_modules' || name.startsWith('.') }).toSorted()
    .flatMap((file) => citationsIn(file, readFileSync(`${root}/${file}`, 'utf8')))

const parts = (rule: string) => rule.split('-') as [string, string]

/** By letter, then by number. */
export function byRule(a: string, b: string): number {
  const [[letterA, numberA], [letterB, numberB]] = [parts(a), parts(b)]
  return letterA < letterB ? -1 : letterA > letterB ? 1 : Number(numberA) - Number(numberB)
}
