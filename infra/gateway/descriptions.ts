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
}

export function descriptions({ commandUrl, queryUrl }: Pick<Config, 'commandUrl' | 'queryUrl'>): Descriptions {
  let known: Promise<Methods | undefined> | undefined
  let until_ms = 0

  async function document() {
    const [commands, questions] = await Promise.all([documentOf(commandUrl, 'The command service'), documentOf(queryUrl, 'The query service')])
    return merged(commands, questions, 'Query')
  }

  function methods() {
    if (known && performance.now() < until_ms) return known
    until_ms = performance.now() + KNOWN_MAX_MS
    return known = document().then(methodsIn, () => {
      until_ms = performance.now() + RETRY_MS
      return undefined
    })
  }

  return {
    document,
    methodsAt: async (url) => (url.startsWith('/api') ? (await methods())?.of(canonical(url)) : undefined),
  }
}

const documentOf = (url: string, name: string) => said(`${url}/openapi.json`)
  .then(({ text }) => OpenApi.parse(JSON.parse(text)))
  .catch(() => { throw new Problem('SERVICE_UNAVAILABLE', `${name} does not give its description.`) })

const verbs = new Set(['get', 'post', 'put', 'patch', 'delete'])

function methodsIn({ paths }: OpenApi): Methods {
  const methods = new Methods()
  for (const [path, item] of Object.entries(paths)) {
    const taken = Object.keys(item).filter((key) => verbs.has(key)).map((verb) => verb.toUpperCase())
    methods.add(path.replaceAll(/\{(\w+)\}/g, ':$1'), taken.includes('GET') ? [...taken, 'HEAD'] : taken)
  }
  return methods
}
