import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { z } from 'zod'
import { deciders } from 'shared-domain/catalogue.ts'
import { shareable } from 'shared-domain/kernel/cloud-event.ts'
import { fold, type Decider } from 'shared-domain/kernel/decider.ts'
import { decode, events } from 'shared-domain/kernel/events.ts'
import { definitionsOf } from 'shared-domain/kernel/stored.ts'
import { samples } from './samples.ts'
import { schemaPages } from './schemas.ts'

const docs = join(import.meta.dirname, '../docs')

t.test('L-2 every stored sample, as it is pushed today, is what the schema of its type says', async (t) => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const definitions = definitionsOf(deciders)
  const checks = new Map([...schemaPages(deciders, docs)].filter(([name]) => !name.endsWith('index.json'))
    .map(([name, text]) => [name.split('/')[1]!, ajv.compile(JSON.parse(text) as object)]))
  const wrong = samples().flatMap(({ type, version, data }) => {
    const definition = definitions[type]!
    const check = checks.get(type)!
    return check(JSON.parse(JSON.stringify(shareable(definition, decode(definition, data, version) as never)))) ? [] : [`${type}: ${ajv.errorsText(check.errors)}`]
  })
  t.ok(samples().length > 300)
  t.strictSame(wrong, [])
})

t.test('L-2 the schema of a version that is not the current one stays what it was', async (t) => {
  const folder = t.testdir()
  const declared = (second: boolean) => {
    const Vault = events({ VaultOpened: { about: 'Open.', data: z.object(second ? { by: z.string(), at: z.string() } : { by: z.string() }), ...(second ? { upcast: [(old: object) => ({ ...old, at: '' })] } : {}) } })
    return [fold('vault', Vault, {}, { VaultOpened: (state: unknown) => state } as never)] as unknown as readonly Decider[]
  }
  const write = (pages: ReadonlyMap<string, string>) => {
    for (const [name, text] of pages) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
  }
  write(schemaPages(declared(false), folder))
  const first = readFileSync(join(folder, 'schemas/VaultOpened/1.json'), 'utf8')
  write(schemaPages(declared(true), folder))
  t.equal(readFileSync(join(folder, 'schemas/VaultOpened/1.json'), 'utf8'), first)
  t.strictSame(Object.keys(JSON.parse(readFileSync(join(folder, 'schemas/index.json'), 'utf8')).VaultOpened), ['1', '2'])
  writeFileSync(join(folder, 'schemas/VaultOpened/1.json'), first.replace('by', 'of'))
  t.throws(() => schemaPages(declared(true), folder), { message: /does not change/ })
})
