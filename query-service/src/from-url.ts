import { z } from 'zod'
import { fromText, inner } from 'shared-service/columns.ts'

/** What a body says as a list or a number, a URL says by repetition and as text. */
export function fromUrl(schema: z.ZodType): z.ZodType {
  const read = z.preprocess(readerOf(inner(schema) as z.ZodType), schema)
  // What may be left out, and is then nothing, never comes to be read.
  const { success, data } = schema.safeParse(undefined)
  return success && data === undefined ? read.optional() : read
}

function readerOf(plain: z.ZodType): (given: unknown) => unknown {
  if (!(plain instanceof z.ZodArray)) return (text) => fromText(plain, text)
  const item = plain.element as z.ZodType
  return (given) => (given === undefined ? given : [given].flat().map((text) => fromText(item, text)))
}

/** The words of a body as the parameters of a URL, held to the same together. */
export const parametersOf = ({ shape, _zod: { def: { checks = [] } } }: z.ZodObject): z.ZodObject =>
  z.object(Object.fromEntries(Object.entries<z.ZodType>(shape).map(([name, schema]) => [name, fromUrl(schema)]))).check(...checks as never[])
