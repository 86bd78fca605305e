import type { FastifyInstance, FastifyRequest } from 'fastify'
import { lostNumbers, unstorable } from 'shared-domain/kernel/json-text.ts'
import { invalid, invalidFor, pointerTo } from './problems.ts'

const nesting_max = 64

const altered = 'has more digits than a number keeps in JSON: send it as text, in double quotes'

/** Takes JSON objects alone, and nothing in them that would be altered. An empty body says nothing, as none does. */
export function jsonBodies(app: FastifyInstance) {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, bytes: Buffer) => {
    if (bytes.length === 0) return {}
    const text = fromBytes(bytes)
    const body = fromJson(text)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('', 'is not a JSON object; send {} or no body to say nothing')
    if (isDeeperThan(nesting_max, body)) throw invalid('', `is nested more than ${nesting_max} levels deep`)
    const mask = /__proto__|constructor|\\u/.test(text) ? maskIn(body) : undefined
    if (mask) throw invalid(pointerTo(mask), `is a key that is not taken, since programs mistake it for their own: call it other than ${mask.at(-1)}`)
    // Neither comes but by its escape; what is looked at is the value, for a text may quote an escape.
    const unheard = /\\u(?:0000|d[89a-f])/i.test(text) ? unstorable(body) : undefined
    if (unheard) throw invalid(pointerTo(unheard), 'holds NUL or half of a surrogate pair, which cannot be stored')
    const lost = lostNumbers(text)
    if (lost.length > 0) throw invalidFor(lost.map((path) => ({ pointer: pointerTo(path), message: altered })))
    return body
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function fromBytes(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalid('', 'is not UTF-8; JSON is sent in no other encoding')
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid('', `is not JSON: ${(error as Error).message}`)
  }
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item))
}

/** The way to a key that passes for what every object has, wherever the object is copied. */
function maskIn(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    if (key === '__proto__' || (key === 'constructor' && isPrototyped(inner))) return [key]
    const deeper = maskIn(inner)
    if (deeper) return [key, ...deeper]
  }
  return undefined
}

const isPrototyped = (value: unknown) => typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
