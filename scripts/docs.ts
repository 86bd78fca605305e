import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { choices, deciders, gate, notary, outlets, processes, proofs, pushes, questions, readModels, streamQuestions, sweeps } from 'shared-domain/catalogue.ts'
import { describing } from 'shared-service/describing.ts'
import { serve } from '../command-service/src/command-route.ts'
import { everyRoute } from '../command-service/src/every-route.ts'
import { document } from '../command-service/src/openapi.ts'
import { start as startQueries } from '../query-service/src/app.ts'
import { asyncApi } from '../query-service/src/asyncapi.ts'
import { configFrom as queryConfig } from '../query-service/src/config.ts'
import { llmsText } from '../query-service/src/llms-text.ts'
import { affectedModule } from './affected.ts'
import { aliasPage, commandPage, eventPage, processPage, questionPage, readModelPage, rulePage } from './reference.ts'
import { citations } from './rules.ts'
import { schemaPages } from './schemas.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const docs = join(root, 'docs')

async function commandDocument(): Promise<object> {
  const app = Fastify()
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  await describing(app, { openapi: document })
  const nobody = () => Promise.reject(new Error('only described'))
  await app.register(async (scope) => serve(scope, everyRoute({ deciders, choices, gate, handle: nobody } as never), nobody))
  await app.ready()
  const described = app.swagger()
  await app.close()
  return described
}

/** Nothing listens there: the query service describes itself all the same. */
const nowhere = { EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false', DATABASE_URL: 'postgres://127.0.0.1:1/none', QUERY_PORT: '0', LOG_LEVEL: 'silent' }

async function queryDocument(): Promise<object> {
  const service = await startQueries(queryConfig(nowhere), { deciders, readModels, choices, questions, streamQuestions, proofs, notary })
  const described = await (await fetch(`${service.url}/openapi.json`)).json() as object
  await service.stop()
  return described
}

/** Every generated file and what it must hold. */
async function pages(): Promise<ReadonlyMap<string, string>> {
  const json = (value: object) => `${JSON.stringify(value, undefined, 1)}\n`
  return new Map([
    ['reference/commands.md', commandPage(deciders, choices)],
    ['reference/aliases.md', aliasPage({ deciders, choices, readModels, questions })],
    ['reference/events.md', eventPage(deciders)],
    ['reference/read-models.md', readModelPage(readModels)],
    ['reference/questions.md', questionPage(questions, streamQuestions)],
    ['reference/processes.md', processPage(processes, sweeps, outlets)],
    ['reference/rules.md', rulePage(citations(root))],
    ...schemaPages(deciders, docs),
    ['asyncapi.json', json(asyncApi(deciders, pushes))],
    ['llms.txt', llmsText],
    ['openapi/commands.json', json(await commandDocument())],
    ['openapi/queries.json', json(await queryDocument())],
    ['../dashboard/client/affected.ts', affectedModule({ readModels, choices, questions })],
  ])
}

const wanted = await pages()
const stale = [...wanted].filter(([name, text]) => !existsSync(join(docs, name)) || readFileSync(join(docs, name), 'utf8') !== text)
if (process.argv.includes('--check')) {
  for (const [name] of stale) process.stderr.write(`docs/${name} is not what the declarations say: npm run docs\n`)
  process.exit(stale.length > 0 ? 1 : 0)
}
for (const [name, text] of stale) {
  mkdirSync(dirname(join(docs, name)), { recursive: true })
  writeFileSync(join(docs, name), text)
}
process.stdout.write(`${stale.length} of ${wanted.size} pages written\n`)
process.exit(0)
