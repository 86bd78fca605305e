import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { differences, type Difference } from './difference.ts'

const seed = 2030
/** Without a name that cannot be assigned. */
const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')))
const told = (from: any, to: any) => [...differences(from, to)].map(({ op, path, from, to }) => [op, path, from, to])

t.test('F-76 what differs between two documents is told place by place', async (t) => {
  t.strictSame(told({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 }), [], 'whatever the order')
  t.strictSame(told({ a: 1, b: 2, c: { d: 3 } }, { b: 'x', c: { d: 3, 'e/f~': null } }), [
    ['remove', '/a', 1, null], ['replace', '/b', 2, 'x'], ['add', '/c/e~1f~0', null, null],
  ])
  t.strictSame(told(['a', 'b', 'c'], ['a', 'x', 'b', 'c']), [['add', '/1', null, 'x']], 'what was put in moves nothing')
  t.strictSame(told(['a', 'b', 'c'], ['a', 'c']), [['remove', '/1', 'b', null]])
  t.strictSame(told(['a', 'b'], ['c', 'b', 'd']), [['replace', '/0', 'a', 'c'], ['add', '/2', null, 'd']])
  t.strictSame(told([], {}), [['replace', '', [], {}]])
  const deep = (value: unknown) => Array.from({ length: 30 }).reduce((inner) => [inner], value)
  t.match(told(deep(1), deep(2)), [['replace', '/0'.repeat(20)]], 'what differs very deep is told as one')
})

/** The document with what is told done to it: of what is removed the last comes first, so that places stay where they are. */
function patched(document: any, all: readonly Difference[]): unknown {
  const root = { '': document } as any
  for (const { op, path, to } of [...all.filter(({ op }) => op !== 'remove'), ...all.filter(({ op }) => op === 'remove').toReversed()]) {
    const names = path.split('/').map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = names.pop()!
    const place = names.reduce((at, name) => at[name], root)
    if (!Array.isArray(place) && op === 'remove') delete place[last]
    else if (!Array.isArray(place) || op === 'replace') place[last] = to
    else if (op === 'remove') place.splice(Number(last), 1)
    else place.splice(Number(last), 0, to)
  }
  return root['']
}

t.test('F-76 nothing differs from itself, and the one document becomes the other by what is told', async () => {
  fc.assert(fc.property(json, json, (a, b) => {
    if (told(a, a).length > 0) throw new Error('it differs from itself')
    const all = [...differences(a, b)]
    if (canonicalJson(patched(structuredClone(a), all)) !== canonicalJson(b)) throw new Error(JSON.stringify([a, b, all]))
  }), { seed, numRuns: 2_000 })
})
