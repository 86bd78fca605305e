import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from './canonical-json.ts'

/** A number by its bits, as RFC 8785 lists them. */
const number = (bits: string) => new DataView(new BigUint64Array([BigInt(`0x${bits}`)]).buffer).getFloat64(0, true)

t.test('F-6 numbers are written as appendix B of RFC 8785 says', async (t) => {
  const numbers = {
    '0000000000000000': '0', '8000000000000000': '0', '0000000000000001': '5e-324', '8000000000000001': '-5e-324',
    '7fefffffffffffff': '1.7976931348623157e+308', 'ffefffffffffffff': '-1.7976931348623157e+308',
    '4340000000000000': '9007199254740992', 'c340000000000000': '-9007199254740992', '4430000000000000': '295147905179352830000',
    '44b52d02c7e14af5': '9.999999999999997e+22', '44b52d02c7e14af6': '1e+23', '44b52d02c7e14af7': '1.0000000000000001e+23',
    '444b1ae4d6e2ef4e': '999999999999999700000', '444b1ae4d6e2ef4f': '999999999999999900000', '444b1ae4d6e2ef50': '1e+21',
    '3eb0c6f7a0b5ed8c': '9.999999999999997e-7', '3eb0c6f7a0b5ed8d': '0.000001', '41b3de4355555553': '333333333.3333332',
    '41b3de4355555554': '333333333.33333325', '41b3de4355555555': '333333333.3333333', '41b3de4355555556': '333333333.3333334',
    '41b3de4355555557': '333333333.33333343', 'becbf647612f3696': '-0.0000033333333333333333', '43143ff3c1cb0959': '1424953923781206.2',
  }
  for (const [bits, text] of Object.entries(numbers)) t.equal(canonicalJson(number(bits)), text, bits)
  for (const bits of ['7fffffffffffffff', '7ff0000000000000']) t.throws(() => canonicalJson([number(bits)]), RangeError, bits)
})

t.test('F-6 the examples of RFC 8785, 3.2.2 and 3.2.3', async (t) => {
  const said = String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`
  const written = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
    String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`
  t.equal(canonicalJson(JSON.parse(said)), written)

  const names = String.raw`{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}`
  t.strictSame([...canonicalJson(JSON.parse(names)).matchAll(/:"([^"]+)"/g)].map(([, name]) => name), [
    'Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign', 'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ])
})

t.test('F-6 one value has one form, whatever the order in which it was said', async () => {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).reverse().map(([name, member]) => [name, turned(member)]))
  }
  fc.assert(fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
    const text = canonicalJson(value)
    return canonicalJson(turned(value)) === text && canonicalJson(JSON.parse(text)) === text
  }), { seed: 2030, numRuns: 500 })
})

t.test('F-6 what JSON does not hold is left out, and half of a surrogate pair has no form', async (t) => {
  t.equal(canonicalJson({ b: undefined, a: [undefined, 1] }), '{"a":[null,1]}')
  t.equal(canonicalJson([{ b: 1, a: 2 }, { b: undefined, a: 3 }, { a: 4, b: 5 }, { a: 6 }, [{ c: 7 }], null]),
    '[{"a":2,"b":1},{"a":3},{"a":4,"b":5},{"a":6},[{"c":7}],null]')
  t.equal(canonicalJson({ a: '\ud83d\ude00' }), '{"a":"\ud83d\ude00"}')
  t.throws(() => canonicalJson({ a: '\ud83d' }), RangeError)
  t.throws(() => canonicalJson({ '\ude00': 1 }), RangeError)
})
