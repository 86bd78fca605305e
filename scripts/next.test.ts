import { choices, deciders, gate } from 'shared-domain/catalogue.ts'
import { endsOf } from 'shared-domain/kernel/choice.ts'
import { own } from 'shared-service/statuses.ts'
import t from 'tap'
import { next, nextOf } from './next.ts'

t.test('L-83: each code of the catalogue has one sentence that says what to do next, and none is of no code', async (t) => {
  const codes = new Set([
    ...deciders.flatMap(({ rejections }) => Object.keys(rejections)), ...Object.keys(gate.rejections), ...Object.keys(own), ...choices.flatMap(endsOf).map(({ code }) => code),
  ])
  t.same(Object.keys(next).toSorted(), [...codes].toSorted())
  for (const [code, sentence] of Object.entries(next)) t.match(sentence, /^[A-Z][^]*\.$/, code)
})

t.test('L-83: the sentence names the instant that the refusal does', async (t) => {
  t.equal(nextOf('OUTSIDE_WORK_HOURS', { nextAvailableAt: '2026-03-02T08:00:00Z' }), 'Come back at 2026-03-02T08:00:00Z.')
  t.equal(nextOf('OUTSIDE_WORK_HOURS', { nextAvailableAt: null }), 'Come back at a later time.')
  t.equal(nextOf('STALE_LEASE'), 'Stop: another has it.')
  t.match(nextOf('HTTP_502'), /another/)
})
