import { SaxesParser } from 'saxes'
import { Usage } from '../../infra/console/command.ts'
import { columnsOf, allColumnsOf } from './columns.ts'
import type { Source } from './mapping.ts'
import type { RawRow } from './row.ts'

/** Of what stands between two tags, with one of them. */
const tag_length_max = 4 * 1024 * 1024
const depth_max = 100

type Values = Record<string, string>

/** What is read of a trace or an event: its own attributes by key, as far as the mapping names them. */
interface Element {
  readonly depth: number
  readonly values: Values
  twice?: string
}

/** Keys are anybody's: none is there by itself, or means anything. */
const valuesOf = (trace?: Element): Values => Object.assign(Object.create(null), trace?.values)

/**
 * The events of an XES log (IEEE 1849). Attributes of the trace are prefixed with `case:`. Attributes of attributes, and members of lists
 * and containers, say nothing that a mapping could name. As there is no header, each thing that the mapping takes must be found somewhere.
 */
export async function* xes(name: string, text: AsyncIterable<string>, source: Source): AsyncGenerator<RawRow> {
  const wanted = allColumnsOf(source)
  const seen = new Set<string>()
  const events: RawRow[] = []
  let trace: Element | undefined
  let event: Element | undefined
  let [depth, number, length] = [0, 0, 0]

  const note = (element: Element, column: string, value: string) => {
    if (!wanted.has(column)) return
    seen.add(column)
    if (Object.hasOwn(element.values, column) && element.values[column] !== value) element.twice = column
    element.values[column] = value
  }
  const parser = new SaxesParser()
  const failed = (what: string): never => { throw new Usage(`${name} cannot be read as XES: line ${parser.line}, column ${parser.column}: ${what}.`) }
  parser.on('error', ({ message }) => failed(message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')))
  parser.on('opentag', ({ name: tag, attributes: { key, value } }) => {
    length = 0
    const kind = tag.replace(/^.*:/, '')
    if (++depth === 1 && kind !== 'log') failed(`the document is <${tag}>, not <log>`)
    if (depth > depth_max) failed(`more than ${depth_max} elements stand within one another`)
    if (kind === 'trace' && depth === 2) trace = { depth, values: valuesOf() }
    else if (kind === 'event' && depth === (trace?.depth ?? 1) + 1) event = { depth, values: valuesOf(trace), ...(trace?.twice === undefined ? {} : { twice: trace.twice }) }
    else if (typeof key === 'string' && typeof value === 'string') {
      if (event && depth === event.depth + 1) note(event, key, value)
      else if (!event && trace && depth === trace.depth + 1) note(trace, `case:${key}`, value)
    }
  })
  parser.on('closetag', () => {
    length = 0
    if (event?.depth === depth) {
      number++
      const { values, twice } = event
      events.push(twice === undefined ? { number, values } : { number, wrong: { code: 'ATTRIBUTE_TWICE', reason: `${twice} is said twice, and not the same` } })
      event = undefined
    } else if (trace?.depth === depth) trace = undefined
    depth--
  })
  for await (const chunk of text) {
    length += chunk.length
    parser.write(chunk)
    if (length > chunk.length + tag_length_max) failed(`something is longer than ${tag_length_max} characters`)
    yield* events.splice(0)
  }
  parser.close()
  yield* events
  if (number === 0) return
  const absent = [...columnsOf(source)].find(([, columns]) => !columns.some((column) => seen.has(column)))
  if (absent) throw new Usage(`${name} has no ${absent[1].map((column) => `"${column}"`).join(' or ')} in any event, which the mapping names for ${absent[0]}.`)
}
