import t from 'tap'
import { Methods } from './methods.ts'

t.test('a path takes the methods of every route that fits it, and no others', async (t) => {
  const methods = new Methods()
  methods.add('/things', ['POST'])
  methods.add('/things', ['GET', 'HEAD'])
  methods.add('/things/:id', ['GET'])
  methods.add('/things/:id', ['DELETE'])
  methods.add('/things/all', ['PUT'])
  methods.add('/files/*', ['GET'])
  methods.add('/a.b', ['GET'])
  const cases: Readonly<Record<string, readonly string[]>> = {
    '/things': ['GET', 'HEAD', 'POST'], '/things?x=/things/1': ['GET', 'HEAD', 'POST'], '/things/1': ['DELETE', 'GET'], '/things/all': ['DELETE', 'GET', 'PUT'],
    '/things/': [], '/things/1/2': [], '/files/a/b': ['GET'], '/files': [], '/a.b': ['GET'], '/axb': [], '': [],
  }
  for (const [url, allowed] of Object.entries(cases)) t.strictSame(methods.of(url), allowed, url)
})
