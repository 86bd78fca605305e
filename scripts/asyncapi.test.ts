import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { deciders } from 'shared-domain/catalogue.ts'
import { definitionsOf } from 'shared-domain/kernel/stored.ts'

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../docs', name), 'utf8'))
const rules = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json')

t.test('L-3 what is pushed is described as AsyncAPI 3.0 asks, every type of fact, and every reference leads somewhere', async (t) => {
  const document = read('asyncapi.json')
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  const isValid = ajv.validate(rules, document)
  t.ok(isValid, ajv.errorsText((ajv.errors ?? []).slice(0, 5)))
  const types = Object.keys(definitionsOf(deciders))
  for (const channel of ['events', 'announcements']) t.strictSame(types.filter((type) => !(type in document.channels[channel].messages)), [], channel)
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path!)
  const at = (path: string) => path.split('/').reduce((value, step) => value?.[step], document)
  t.strictSame(references.filter((path) => at(path) === undefined), [])

  delete document.channels.events.address
  document.operations.events.action = 'shout'
  t.notOk(ajv.validate(rules, document), 'what is wrong would be seen')
})
