import { createHash } from 'node:crypto'
import type { Site } from 'dashboard/site.ts'
import { shields } from 'shared-service/shields.ts'
import { otherMethods, withoutRoute } from 'shared-service/problems.ts'
import type { Exchange } from './exchange.ts'
import { filesOf, served, type Encoding, type Files, type Served } from './files.ts'

/** Pages for people at one place, to whoever asks: there is nothing in their files but what everybody may know. */
export interface Pages {
  answer(exchange: Exchange): Promise<void>
}

const kept = { 'cache-control': 'public, max-age=31536000, immutable' }
const asked = { 'cache-control': 'no-cache' }

/** Files stand below `<place>/assets`; whatever else is below the place is a page, which its modules make of the address. */
export function pagesAt(place: string, site: Site): Pages {
  const files = filesOf(site, `${place}/assets`)
  const map = JSON.stringify(files.importMap)
  const shell = served('shell.html', shellOf(site, files, map, place))
  const shellHeaders = { ...asked, etag: `"${digest(shell.body, 'base64url').slice(0, 20)}"`, 'content-security-policy': policy(map) }
  return {
    async answer(exchange) {
      const { method, path } = exchange
      if (method !== 'GET' && method !== 'HEAD') throw otherMethods(['GET', 'HEAD'])
      const file = files.byUrl.get(path)
      if (file) return say(exchange, file, kept)
      if (path.startsWith(`${place}/assets/`)) throw withoutRoute()
      return say(exchange, shell, shellHeaders)
    },
  }
}

const digest = (text: string | Buffer, encoding: 'base64' | 'base64url') => createHash('sha256').update(text).digest(encoding)

/** L-61: nothing from elsewhere, nothing that stands in the page itself but the map of its modules. */
const policy = (map: string) => [
  `default-src 'none'`, `script-src 'self' 'sha256-${digest(map, 'base64')}'`,
  ...['style-src', 'connect-src', 'img-src', 'font-src'].map((what) => `${what} 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((what) => `${what} 'none'`),
].join('; ')

const shellOf = ({ title, styles, icon, entry }: Site, { urlOf, first }: Files, map: string, place: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${urlOf.get(icon)}" type="image/svg+xml">
${styles.map((style) => `<link rel="stylesheet" href="${urlOf.get(style)}">`).join('\n')}
<script type="importmap">${map}</script>
${first.map((url) => `<link rel="modulepreload" href="${url}">`).join('\n')}
<script type="module" src="${urlOf.get(entry)}"></script>
</head>
<body>
<div id="app" data-place="${place}"></div>
<noscript>This page is made in the browser, by scripts of its own origin. What it shows, the API under /api/v1 says as well.</noscript>
</body>
</html>
`

async function say({ request, response, correlationId }: Exchange, file: Served, more: Readonly<Record<string, string>>) {
  const headers: Record<string, string> = { ...shields, 'x-frame-options': 'DENY', 'x-correlation-id': correlationId, vary: 'accept-encoding', ...more }
  if (headers['etag'] !== undefined && request.headers['if-none-match'] === headers['etag']) return void response.writeHead(304, headers).end()
  const encoding = encodingFor(request.headers['accept-encoding'])
  const body = encoding ? await file.compressed(encoding) : file.body
  response.writeHead(200, { ...headers, 'content-type': file.type, 'content-length': body.length, ...(encoding ? { 'content-encoding': encoding } : {}) })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function encodingFor(accepted: string | readonly string[] = ''): Encoding | undefined {
  const refused = /;\s*q=0(\.0*)?\s*$/
  const taken = String(accepted).split(',').filter((one) => !refused.test(one)).map((one) => one.split(';', 1)[0]!.trim().toLowerCase())
  return (['br', 'gzip'] as const).find((one) => taken.includes(one))
}
