import fc from 'fast-check'
import t from 'tap'
import { KeyId } from './fleet/key/events.ts'
import { uuid } from './kernel/testing.ts'
import { DueInstant, Instant, OrchestratorId, StoredInstant, StreamName, TaskId, Who } from './vocabulary.ts'

t.test('S-64 an instant is read with any precision and offset, and kept in UTC with milliseconds', async (t) => {
  for (const text of ['2030-01-02T01:30:00+01:30', '2030-01-02T00:00:00Z', '2030-01-01T10:00:00.0000-14:00'])
    t.equal(Instant.parse(text), '2030-01-02T00:00:00.000Z', text)
  for (const text of ['2030-01-02', '2030-01-02T00:00:00', 'soon', '2030-02-30T00:00:00Z']) t.notOk(Instant.safeParse(text).success, text)
})

t.test('S-64 an instant lies in the years 0001 to 9999, in UTC', async (t) => {
  for (const text of ['0001-01-01T00:00:00Z', '0000-12-31T23:30:00-01:00', '9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59+14:00'])
    t.ok(Instant.safeParse(text).success, text)
  for (const text of ['0000-06-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-14:00', '0000-01-01T00:00:00+14:00'])
    t.notOk(Instant.safeParse(text).success, text)
})

t.test('S-64 nothing is due before 1970: that is how programs say that there is no due time', async (t) => {
  for (const text of ['0001-01-01T00:00:00Z', '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00+00:01', '10000-01-01T00:00:00Z'])
    t.notOk(DueInstant.safeParse(text).success, text)
  for (const text of ['1970-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z']) t.ok(DueInstant.safeParse(text).success, text)
})

t.test('S-64 whatever is taken can be read again', async () => {
  const pad = (number: number, digits = 2) => String(number).padStart(digits, '0')
  const parts = fc.tuple(
    fc.constantFrom(0, 1, 2, 1_000, 2030, 9_998, 9_999), fc.constantFrom(1, 6, 12), fc.constantFrom(1, 28, 30, 31), fc.nat(23),
    fc.constantFrom('+', '-'), fc.nat(23))
  fc.assert(fc.property(parts, ([year, month, day, hour, sign, offset]) => {
    const read = Instant.safeParse(`${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(hour)}:00:00${sign}${pad(offset)}:00`)
    if (read.success && StoredInstant.parse(read.data) !== read.data) throw new Error(read.data)
  }), { seed: 2030, numRuns: 500 })
})

t.test('S-60 an id is the same in whatever letters it is written', async (t) => {
  fc.assert(fc.property(fc.uuid(), fc.array(fc.boolean(), { minLength: 36, maxLength: 36 }), (id, capitals) => {
    const written = [...id].map((letter, index) => (capitals[index] ? letter.toUpperCase() : letter)).join('')
    for (const schema of [TaskId, OrchestratorId, KeyId, Who]) if (schema.parse(written) !== id) throw new Error(written)
    if (StreamName.parse(`task-${written}`) !== `task-${id}` || Who.parse(`agent:${written}`) !== `agent:${id}`) throw new Error(written)
  }), { seed: 2030, numRuns: 300 })
  t.equal(Who.parse(' Ada Lovelace '), 'Ada Lovelace', 'what is no id keeps its letters')
  t.equal(StreamName.parse('apiKey-X'), 'apiKey-X')
  t.notOk(TaskId.safeParse(`${uuid(1)}0`).success)
})
