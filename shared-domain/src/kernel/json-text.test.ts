import fc from 'fast-check'
import t from 'tap'
import { isKept, lostNumbers, unstorable } from './json-text.ts'

t.test('a number is kept when as many digits come back as were said', async (t) => {
  const kept = [
    '0', '-0', '0.000', '0e999', '1', '-1.50', '100', '1e3', '1E+22', '1e-7', '0.1', '0.30000000000000004', '9007199254740991',
    '9007199254740992', '-9007199254740992', '9007199254740994', '1.7976931348623157e308', '5e-324', '0.10000000000000001',
    '100000000000000000000000', '1e23', '590295810358705651712',
    '0.1000000000000000055511151231257827021181583404541015625', '1.5000',
  ]
  const lost = [
    '9007199254740993', '-9007199254740993', '12345678901234567890', '1e-400', '-1e-400', '1e400', '4e-324', '0.1234567890123456789',
    '1234567890.12345678901', '1.7976931348623159e308', `0.${'1'.repeat(200)}`,
    '590295810358705651710', '9007199254740993.0',
  ]
  for (const numeral of kept) t.ok(isKept(numeral), numeral)
  for (const numeral of lost) t.notOk(isKept(numeral), numeral)
})

t.test('every number that JavaScript writes is kept, in any notation', async () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
    for (const numeral of [String(number), number.toExponential(), number.toExponential(16), number.toPrecision(17)]) {
      if (!isKept(numeral)) throw new Error(numeral)
    }
  }), { seed: 2030, numRuns: 2_000 })
})

t.test('an integer is kept if and only if it is the same number afterwards', async () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (whole) => {
    if (isKept(String(whole)) !== (BigInt(Number(whole)) === whole)) throw new Error(String(whole))
  }), { seed: 2030, numRuns: 2_000 })
})

t.test('numbers that would be altered are found where they stand, and in no text', async (t) => {
  const long = '12345678901234567890'
  t.strictSame(lostNumbers(`{"a":[1,{"b\\"c":${long}},"${long}"],"${long}":2,"d":-1e-400,"e":{"f":[[],[${long}]]}}`),
    [['a', 1, 'b"c'], ['d'], ['e', 'f', 1, 0]])
  t.strictSame(lostNumbers(long), [[]])
  t.strictSame(lostNumbers(`{"phone":"${long}","quoted":"a \\" ${long}, ["}`), [])
  t.strictSame(lostNumbers('{"plain":[1,2.5,1e10],"at":"2030-01-01T00:00:00.000Z"}'), [])
  const depth = 100_000
  t.equal(lostNumbers(`${'['.repeat(depth)}${long}${']'.repeat(depth)}`)[0]!.length, depth, 'however deep')
})

t.test('what is found is all that another reader of numbers finds', async () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true })
  const numeral = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 66n }).map(String), double.map(String), fc.constantFrom('1e-400', '1e400'))
  const json: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, numeral, fc.string().map((text) => JSON.stringify(text)), fc.constant('null'),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 })
        .map((members) => `{${Object.entries(members).map(([name, member]) => `${JSON.stringify(name)} : ${member}`).join(',')}}`)),
  })).value
  fc.assert(fc.property(json, (text) => {
    let lost = 0
    const reviver = (_: string, value: unknown, { source = '' }: { source?: string }) => {
      if (typeof value === 'number' && !isKept(source)) lost++
      return value
    }
    JSON.parse(text, reviver as never)
    if (lostNumbers(text).length !== Math.min(lost, 20)) throw new Error(`${lost} in ${text}`)
  }), { seed: 2030, numRuns: 1_000 })
})

t.test('a text that no store keeps is found by its value, not by its spelling', async (t) => {
  t.equal(unstorable(JSON.parse('{"path":"C:\\\\udev","quote":"say \\\\u0000","pair":"\\ud83d\\ude00","n":[null,1]}')), undefined)
  t.strictSame(unstorable({ a: [{ b: 'x\0y' }] }), ['a', '0', 'b'])
  t.strictSame(unstorable({ a: { b: 'x\ud800' } }), ['a', 'b'])
  t.strictSame(unstorable({ a: { 'b\0': 1 } }), ['a'], 'a name stands in its object')
  t.strictSame(unstorable('\udc00'), [])
})
