import type { IncomingHttpHeaders } from 'node:http'
import { newId } from './new-id.ts'

/** A correlation id that came with the request and may stand in a header, or a new one (S-65). */
export function correlationOf({ headers }: { readonly headers: IncomingHttpHeaders }): string {
  const given = headers['x-correlation-id']
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : newId()
}
