import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, extname, join, posix } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Site } from 'dashboard/site.ts'

/** A file as it is served: its URL changes with what is in it, so it may be kept for ever. */
export interface Served {
  readonly type: string
  readonly body: Buffer
  /** Made at the first wish for it, and kept. */
  compressed(encoding: Encoding): Promise<Buffer>
}

export type Encoding = 'br' | 'gzip'

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8',
}

const compress: Readonly<Record<Encoding, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
  gzip: (body) => promisify(gzip)(body, { level: 9 }),
}

export function served(name: string, text: string | Buffer): Served {
  const body = Buffer.from(text)
  const kept = new Map<Encoding, Promise<Buffer>>()
  return {
    type: types[extname(name)]!,
    body,
    compressed(encoding) {
      const made = kept.get(encoding) ?? compress[encoding](body)
      kept.set(encoding, made)
      return made
    },
  }
}

/** All files of a site by URL, and the addresses under which its modules, which name one another by their sources, find them. */
export interface Files {
  readonly byUrl: ReadonlyMap<string, Served>
  /** URL by the source's path below the folder. */
  readonly urlOf: ReadonlyMap<string, string>
  readonly importMap: { readonly imports: Readonly<Record<string, string>> }
  /** URLs of the modules that the entry cannot do without, so that none is asked for only when another has come. */
  readonly first: readonly string[]
}

/** Reads a site, strips types, names every file by its digest. Nothing of it is read again. */
export function filesOf({ folder, entry, libraries }: Site, at: string): Files {
  const byUrl = new Map<string, Served>()
  const urlOf = new Map<string, string>()
  const imports: Record<string, string> = {}
  const code = new Map<string, string>()
  const add = (path: string, text: string) => {
    const url = `${at}/${named(path, text)}`
    byUrl.set(url, served(url, text))
    return url
  }
  for (const path of globSync('**/*.{ts,css,svg}', { cwd: folder }).map((path) => path.replaceAll('\\', '/')).sort()) {
    if (path.endsWith('.test.ts')) continue
    const source = readFileSync(join(folder, path), 'utf8')
    const text = path.endsWith('.ts') ? stripTypeScriptTypes(source) : source
    const url = add(path.replace(/\.ts$/, '.js'), text)
    urlOf.set(path, url)
    if (!path.endsWith('.ts')) continue
    code.set(path, text)
    imports[`${at}/${path}`] = url
  }
  for (const [name, file] of Object.entries(libraries)) {
    // What it says of where its source map is would be asked for here, where there is none.
    const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
    imports[name] = add(`libraries/${name.replace(/^@/, '').replaceAll('/', '-')}.js`, text)
  }
  return { byUrl, urlOf, importMap: { imports }, first: reached(code, entry).map((path) => urlOf.get(path) ?? imports[path]!) }
}

const named = (path: string, text: string) => {
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 12)
  return `${posix.dirname(path) === '.' ? '' : `${posix.dirname(path)}/`}${basename(path, extname(path))}.${digest}${extname(path)}`
}

/** The modules that one imports, and those that these import; libraries by their names. Not what is imported only when it is wanted. */
function reached(code: ReadonlyMap<string, string>, entry: string): readonly string[] {
  const found = new Set([entry])
  for (const path of found) {
    for (const [, target] of (code.get(path) ?? '').matchAll(/^\s*import\b[^'"]*?['"]([^'"]+)['"]/gm)) {
      found.add(target!.startsWith('.') ? posix.join(posix.dirname(path), target!) : target!)
    }
  }
  return [...found]
}
