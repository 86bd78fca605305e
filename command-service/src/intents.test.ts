import Fastify from 'fastify'
import { decider, fold, reject } from 'shared-domain/kernel/decider.ts'
import { events } from 'shared-domain/kernel/events.ts'
import { Outcome } from 'shared-domain/kernel/report.ts'
import t from 'tap'
import { z } from 'zod'
import { errands, type Errand } from './intents.ts'
import type { Handle } from './request.ts'

const Thing = events({ ThingDone: { about: 'Done.', data: z.object({}) } })
const thing = decider(fold('thing', Thing, {}, { ThingDone: () => ({}) }), {
  collection: 'things',
  rejections: {},
  commands: {
    do: { about: 'Do it.', internal: true, data: z.object({}), decide: () => [Thing.ThingDone({})] },
    note: { about: 'Write it down.', internal: true, data: z.object({ no: z.int(), outcome: Outcome }), decide: () => [] },
  },
})

const { log } = Fastify({ logger: false })
const errand: Errand = {
  intent: { category: 'thing', id: 'a', command: 'do', data: {}, report: { category: 'thing', id: 'b', command: 'note', data: { no: 1 } } },
  process: 'p', commandId: '00000000-0000-7000-8000-000000000001', organization: 'acme', correlationId: 'c', causationId: 'c',
}

/** Answers what is done with these, one after the other, and keeps what was told of it. */
function telling(answers: readonly (Awaited<ReturnType<Handle>> | Error)[]) {
  const told: { readonly commandId: string; readonly id: string; readonly data: any }[] = []
  let next = 0
  const handle: Handle = async (_, name, data, { commandId, id }) => {
    const answer = name === 'do' ? answers[next++]! : { id, revision: 0, position: 1n, changed: true }
    if (answer instanceof Error) throw answer
    if (name === 'note') told.push({ commandId, id, data })
    return answer
  }
  return { told, carryOut: errands(handle, [thing], log) }
}

const done = { id: 'a', revision: 7, position: 9n, changed: true }
const signal = new AbortController().signal

t.test('R-3 what became of an intent is told once however often its fact is told, and again when it went otherwise', async (t) => {
  const refused = reject('NO', { since: 1, until: undefined })
  const { told, carryOut } = telling([refused, refused, done, done])
  for (let times = 0; times < 4; times++) await carryOut(errand, signal)
  t.strictSame(told.map(({ id, data }) => [id, data.no, data.outcome.code]), [['b', 1, 'NO'], ['b', 1, 'NO'], ['b', 1, null], ['b', 1, null]])
  t.strictSame(told[0]!.data.outcome, { changed: false, revision: null, code: 'NO', detail: { since: 1 } })
  t.strictSame(told[2]!.data.outcome, { changed: true, revision: '7', code: null, detail: {} })
  const [a, b, c, d] = told.map(({ commandId }) => commandId)
  t.equal(a, b, 'a repetition is the same command')
  t.equal(c, d)
  t.not(a, c, 'what went otherwise is another')
  t.notOk([a, c].includes(errand.commandId))
})

t.test('R-3 nothing is told of what could not be had yet', async (t) => {
  const { told, carryOut } = telling([new Error('the store is away'), done])
  await carryOut(errand, signal)
  t.strictSame(told.map(({ data }) => data.outcome.revision), ['7'])
})
