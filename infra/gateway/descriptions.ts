import { canonical } from 'shared-service/addresses.ts'
import { Methods } from 'shared-service/methods.ts'
import { Problem } from 'shared-service/problems.ts'
import { said } from './asking.ts'
import type { Config } from './config.ts'
import { merged, OpenApi } from './openapi.ts'

/** Services change what they take when another version starts. */
const KNOWN_MAX_MS = 60_000
/** A service that does not answer is not asked again for every request. */
const RETRY_MS = 5_000

export interface Descriptions {
  /** What both services say of themselves now. Throws SERVICE_UNAVAILABLE when one of them says nothing. */
  document(): Promise<OpenApi>
  /** In which methods one of the services answers at this URL; undefined when that is not to be known. */
  methodsAt(url: string): Promise<readonly string[] | undefined>
  /** Whether it is a question though its method is not one of questions: as far as that is known by now, which costs next to nothing. */
  isQuestion(method: string, url: string): boolean
}

export function descriptions({ commandUrl, queryUrl }: Pick<Config, 'commandUrl' | 'queryUrl'>): Descriptions {
  let known: Promise<Methods | undefined> | undefined
  let until_ms = 0
  let questions = new Methods()

  const both = () => Promise.all([documentOf(commandUrl, 'The command service'), documentOf(queryUrl, 'The query service')])

  async function learnt() {
    const [ofCommands, ofQueries] = await both()
    questions = methodsIn([ofQueries], (method) => method !== 'GET' && method !== 'HEAD')
    return methodsIn([ofCommands, ofQueries])
  }

  function methods() {
    if (known && performance.now() < until_ms) return known
    until_ms = performance.now() + KNOWN_MAX_MS
    return known = learnt().catch(() => {
      until_ms = performance.now() + RETRY_MS
      return undefined
    })
  }

  return {
    document: async () => merged(...await both(), 'Query'),
    isQuestion: (method, url) => url.startsWith('/api') && questions.of(canonical(url)).includes(method),
    methodsAt: async (url) => (url.startsWith('/api') ? (await methods())?.of(canonical(url)) : undefined),
  }
}

const documentOf = (url: string, name: string) => said(`${url}/openapi.json`)
  .then(({ text }) => OpenApi.parse(JSON.parse(text)))
  .catch(() => { throw new Problem('SERVICE_UNAVAILABLE', `${name} does not give its description.`) })

const verbs = new Set(['get', 'post', 'put', 'patch', 'delete'])

function methodsIn(documents: readonly OpenApi[], isMeant: (method: string) => boolean = () => true): Methods {
  const methods = new Methods()
  for (const [path, item] of documents.flatMap(({ paths }) => Object.entries(paths))) {
    const taken = Object.keys(item).filter((key) => verbs.has(key)).map((verb) => verb.toUpperCase())
    const meant = (taken.includes('GET') ? [...taken, 'HEAD'] : taken).filter(isMeant)
    if (meant.length > 0) methods.add(path.replaceAll(/\{(\w+)\}/g, ':$1'), meant)
  }
  return methods
}
