import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import { organization } from '../../kernel/testing.ts'
import { World } from '../../kernel/world.ts'
import { budget } from '../budget/decider.ts'
import { ledger } from './decider.ts'
import { reservationIn } from './scene.ts'

/** One hour of requests to a language model, in the order of the file: the tokens of question and answer together. */
const series = new URL('../../../../infra/journeys/data/azure-llm-conv.csv.gz', import.meta.url)
const requests = gunzipSync(readFileSync(series)).toString().trim().split('\n').slice(1).map((line) => {
  const [ts, asked, answered] = line.split(',') as [string, string, string]
  return { at: `${ts}Z`, tokens: Number(asked) + Number(answered) }
})
const limit = 12_000_000
const hour = requests.filter(({ at }) => at.startsWith('2023-11-16T18'))

function house() {
  const world = new World([budget, ledger])
  world.do({ category: 'budget', id: organization, command: 'configureOrganization', data: { tokens: { hourly: limit } } })
  const say = (command: string, data: object) =>
    world.do({ category: 'ledger', id: `${organization}.202311`, command: `${command}OfOrganization`, data })
  return { world, say }
}

t.test('F-83 F-103 measured on a real hour: consumed, it crosses the percentages of 12,000,000 tokens at these rows', async (t) => {
  const { world, say } = house()
  const crossed: (readonly [row: number, percent: number])[] = []
  hour.forEach(({ at, tokens }, index) => {
    world.at = at
    const facts = say('consume', { tokens }) as any[]
    for (const { type, data } of facts) if (type === 'BudgetThresholdCrossed') crossed.push([index + 1, data.percent])
  })
  t.equal(requests.indexOf(hour[0]!), 0, 'rows of the hour are rows of the file')
  t.strictSame(crossed, [[4_189, 50], [6_412, 75], [7_589, 90], [8_331, 100]])
})

t.test('F-81 F-103 measured on a real hour: reserved before it is used, 12,000,000 tokens are never passed', async (t) => {
  const { world, say } = house()
  let [taken, used, refused] = [0, 0, 0]
  for (const { at, tokens } of hour) {
    world.at = at
    const answer = say('reserve', { tokens })
    if (answer instanceof Rejection) {
      if (answer.code === 'BUDGET_EXHAUSTED' && answer.detail.until === '2023-11-16T19:00:00.000Z') refused++
      continue
    }
    const reservation = reservationIn(answer)
    say('consume', { reservation, tokens })
    say('release', { ledger: '202311', reservation })
    taken++
    used += tokens
  }
  t.strictSame({ taken, used, refused }, { taken: 8_335, used: 11_999_948, refused: 7_271 })
})
