import fc from 'fast-check'
import t from 'tap'
import { jsonBodies } from './bodies.ts'
import { server } from './server.ts'

const app = server({ service: 'test', logLevel: 'silent' })
jsonBodies(app)
app.post('/', async ({ body }) => ({ said: body ?? {} }))
t.teardown(() => app.close())

const post = (payload: string | Buffer, type = 'application/json') => app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': type } })

t.test('a body that is no JSON object is refused in a sentence that says what is wrong', async (t) => {
  const cases: Readonly<Record<string, { readonly sent: string | Buffer; readonly pointer?: string; readonly says: RegExp }>> = {
    'null': { sent: 'null', says: /not a JSON object/ },
    'zero': { sent: '0', says: /not a JSON object/ },
    'false': { sent: 'false', says: /not a JSON object/ },
    'an empty text': { sent: '""', says: /not a JSON object/ },
    'an empty list': { sent: '[]', says: /not a JSON object/ },
    'a blank': { sent: ' ', says: /^is not JSON: / },
    'half an object': { sent: '{"a":', says: /^is not JSON: / },
    'something behind it': { sent: '{} {}', says: /^is not JSON: / },
    'latin-1': { sent: Buffer.from('{"name":"Jürgen"}', 'latin1'), says: /not UTF-8/ },
    'half a character': { sent: Buffer.from('{"name":"ü"}').subarray(0, 10), says: /not UTF-8/ },
    'a prototype': { sent: '{"__proto__":{"x":1}}', pointer: '/__proto__', says: /a key that is not taken.*call it other than __proto__/ },
    'a prototype that is spelled in escapes': { sent: '{"a":[{"\\u005f\\u005fproto\\u005f\\u005f":1}]}', pointer: '/a/0/__proto__', says: /other than __proto__/ },
    'a constructor with a prototype': { sent: '{"a":{"constructor":{"prototype":{}}}}', pointer: '/a/constructor', says: /other than constructor/ },
    'NUL': { sent: '{"a":"\\u0000"}', pointer: '/a', says: /NUL/ },
    'half a surrogate pair': { sent: '{"a":"\\ud800"}', pointer: '/a', says: /surrogate/ },
    'a number that would come out as another': { sent: '{"a":[9007199254740993]}', pointer: '/a/0', says: /send it as text/ },
    'nesting without end': { sent: `${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`, says: /more than 64 levels/ },
    'nesting without end that is spelled in escapes': { sent: `${'{"\\u0061":'.repeat(50_000)}"\\u0000"${'}'.repeat(50_000)}`, says: /more than 64 levels/ },
  }
  for (const [what, { sent, pointer = '', says }] of Object.entries(cases)) {
    const response = await post(sent)
    t.match([response.statusCode, response.json()], [400, { code: 'VALIDATION_ERROR', errors: [{ pointer, message: says }], detail: String }], what)
  }
  t.match((await post('a', 'text/plain')).json(), { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', detail: /application\/json/ })
  t.match((await post(Buffer.alloc(1024 * 1024 + 1))).json(), { status: 413, code: 'PAYLOAD_TOO_LARGE' })
})

t.test('what says nothing, and every object that is plain, is taken as it was sent', async (t) => {
  t.same((await app.inject({ method: 'POST', url: '/' })).json(), { said: {} })
  t.same((await post('')).json(), { said: {} })
  t.same((await post('\ufeff{"a":1}')).json(), { said: { a: 1 } }, 'a byte order mark is no part of it')
  t.same((await post('{"constructor":"ACME","b":"__proto__"}')).json(), { said: { constructor: 'ACME', b: '__proto__' } })
  const plain = fc.dictionary(fc.string(), fc.json({ maxDepth: 5 }).map((text) => JSON.parse(text)))
  await fc.assert(fc.asyncProperty(plain, async (body) => {
    const text = JSON.stringify(body)
    if (/__proto__|\\u0000|\\ud[89a-f]/i.test(text)) return
    const response = await post(text)
    if (JSON.stringify(response.json().said) !== text) throw new Error(response.body)
  }), { seed: 2030, numRuns: 200 })
})
