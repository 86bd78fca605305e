import { partsOf } from 'shared-domain/kernel/decider.ts'
import { actorKinds } from 'shared-domain/kernel/fact.ts'
import type { Alias } from 'shared-domain/kernel/alias.ts'
import { Id, StreamName } from 'shared-domain/vocabulary.ts'
import { z } from 'zod'
import { invalid } from 'shared-service/problems.ts'
import type { Fact, Facts } from '../facts.ts'
import { Position } from '../question.ts'

/** One or several of these; said in a URL by repetition. */
const several = <Schema extends z.ZodType>(schema: Schema, count_max: number, apart: (text: string) => readonly string[] = (text) => [text]) =>
  z.preprocess(
    (given) => (given === undefined ? undefined : [given].flat().flatMap((one): unknown => (typeof one === 'string' ? apart(one) : one))),
    z.array(schema).max(count_max).optional(),
  ).optional()

const Actor = z.string().max(250).regex(new RegExp(`^(?:${actorKinds.join('|')}):.+$`), `is no actor: one of ${actorKinds.join(', ')}, a colon and an id`)

/** Which facts are wanted, from where on and how they are shown. Of several values of one word any will do; all words must fit. */
export const Wish = z.object({
  after: Position.optional()
    .describe('Log position after which to begin; without it only what happens from now on is sent. `Last-Event-ID` counts more.'),
  log: z.string().max(100).optional().describe('`Baton-Log` of the answer that the position is from: of another log it says nothing, which is a gap.'),
  type: several(z.string(), 100, (text) => text.split(',')).describe('Only facts of this type, or of one of these, also with commas between them.'),
  stream: several(StreamName, 100).describe('Only facts of this stream, such as `task-<id>`, or of one of these.'),
  category: several(z.string(), 20).describe('Only facts of streams of this category, such as `task`, or of one of these.'),
  orchestrator: several(Id, 50).describe('Only facts that concern this orchestrator first, or one of these.'),
  by: several(Actor, 50).describe('Only what this actor did, `kind:id`, or one of these.'),
  correlation: several(z.string().max(200), 50).describe('Only facts with this correlation id, or one of these.'),
  format: z.enum(['fact', 'cloudevent']).default('fact').describe('How a fact is shown: as here, or as CloudEvents 1.0 has it.'),
}).strict()
export type Wish = z.output<typeof Wish>

/** Where facts are followed, and in which other words. */
export const followed = {
  path: '/events',
  aliases: [{ route: 'GET /events/stream', about: 'A stream without end, as its successor.', fields: { types: 'type' } }] satisfies readonly Alias[],
}

/** What names of streams begin with, of those that may be wanted; what is wrong is told in the words that were used. */
export function prefixesFor({ stream, category, type = [] }: Wish, { categories, types }: Facts, nameOf: (word: string) => string): readonly string[] {
  const strange = type.filter((one) => !types.includes(one))
  if (strange.length > 0) throw invalid(`/${nameOf('type')}`, `names no type of fact: ${strange.join(', ')}`)
  const unknown = category?.filter((one) => !categories.includes(one)) ?? []
  if (unknown.length > 0) throw invalid('/category', `is no category of facts: ${unknown.join(', ')}`)
  if (stream?.some((one) => !categories.includes(partsOf(one).category))) throw invalid('/stream', 'is of no category of facts')
  return stream ?? (category ?? categories).map((one) => `${one}-`)
}

const fits = <Value>(wanted: readonly Value[] | undefined, value: Value | null) => wanted === undefined || (value !== null && wanted.includes(value))

export const isWanted = (fact: Fact, { type, stream, category, orchestrator, by, correlation }: Wish): boolean =>
  fits(type, fact.type) && fits(stream, fact.stream) && fits(category, fact.category) && fits(orchestrator, fact.recipient)
  && fits(by, `${fact.by.kind}:${fact.by.id}`) && fits(correlation, fact.correlationId)
