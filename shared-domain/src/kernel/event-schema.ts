import { z } from 'zod'
import { versionOf, type EventDefinition } from './events.ts'
import { masked } from './sealed.ts'

/** Names the schema of a version of what a fact says, wherever Baton runs: it is asked for below `/schemas`. */
export const schemaId = (type: string, version: number): string => `baton:/schemas/${type}/${version}`

type Told = Readonly<Record<string, unknown>>

/** How the data of a fact is pushed in its current version, as JSON Schema 2020-12: without what is secret. */
export function eventSchema(type: string, definition: EventDefinition<any>): Told {
  const shape = Object.entries<z.ZodType>(definition.data.shape).filter(([, field]) => field.meta()?.secret !== true)
  const { $schema, ...schema } = z.toJSONSchema(z.object(Object.fromEntries(shape)), {
    target: 'draft-2020-12', unrepresentable: 'any',
    override({ jsonSchema }) {
      if (jsonSchema.sealed === true) {
        for (const word of Object.keys(jsonSchema)) delete jsonSchema[word]
        jsonSchema.const = masked
      }
      // How a column is stored is nobody's business out there.
      delete jsonSchema.sql
    },
  }) as Told
  return { $schema, $id: schemaId(type, versionOf(definition)), title: type, description: definition.about, ...schema }
}
