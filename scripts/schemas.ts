import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import { eventSchema } from 'shared-domain/kernel/event-schema.ts'
import { versionOf } from 'shared-domain/kernel/events.ts'
import { definitionsOf } from 'shared-domain/kernel/stored.ts'

/** Digests of every version of every type. */
type Index = Record<string, Record<string, string>>

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')
const json = (value: object) => `${JSON.stringify(value, undefined, 1)}\n`

/**
 * The schemas that stand in the docs, by their place there: of each type the current version, and an index of all versions. Throws where
 * one of an older version, which is never written again, is not what it was.
 */
export function schemaPages(deciders: readonly Decider[], docs: string): ReadonlyMap<string, string> {
  const known = indexIn(join(docs, 'schemas/index.json'))
  const pages = new Map<string, string>()
  const index: Index = {}
  for (const [type, definition] of Object.entries(definitionsOf(deciders)).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const version = versionOf(definition)
    const text = json(eventSchema(type, definition))
    pages.set(`schemas/${type}/${version}.json`, text)
    const older = Object.entries(known[type] ?? {}).filter(([one]) => Number(one) < version)
    for (const [one, digest] of older) mustBe(join(docs, `schemas/${type}/${one}.json`), digest)
    index[type] = { ...Object.fromEntries(older), [version]: digestOf(text) }
  }
  return pages.set('schemas/index.json', json(index))
}

const indexIn = (file: string): Index => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Index : {})

function mustBe(file: string, digest: string) {
  if (!existsSync(file) || digestOf(readFileSync(file, 'utf8')) !== digest) throw new Error(`${file} is the schema of an older version, which does not change: restore it`)
}
