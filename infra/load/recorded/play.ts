import { Refused, type Answer, type Api, type Told } from '../../../scripts/api.ts'
import type { Recorded } from './recorded.ts'

const commands_max = 100

export interface Played {
  readonly id: string
  readonly status: string
  /** How many of its ballots were taken; the others came after its end. */
  readonly taken: number
}

/** The electors as orchestrators, as of before the first question. */
async function register(api: Pick<Api, 'together'>, questions: readonly Recorded[]) {
  const importedAt = questions.map(({ at }) => at).reduce((a, b) => (b < a ? b : a))
  const known = new Map(questions.flatMap(({ electors }) => electors.map(({ elector, name }) => [elector, name] as const)))
  const told = [...known].map(([id, name]) =>
    ({ path: '/orchestrators', body: { id, name }, headers: { key: `register ${id}`, importedAt } }))
  for (const some of partsOf(told)) await sent(api, some)
}

function* partsOf<Item>(items: readonly Item[]) {
  for (let from = 0; from < items.length; from += commands_max) yield items.slice(from, from + commands_max)
}

/** What the question closed before is no fault; anything else is. */
async function sent(api: Pick<Api, 'together'>, told: readonly Told[]): Promise<readonly (Answer | undefined)[]> {
  return (await api.together(told)).map((answer) => {
    if (!(answer instanceof Refused)) return answer
    if (answer.code === 'DECISION_CLOSED') return undefined
    throw answer
  })
}

function toldOf({ id, at, electors, asked, ballots, closedAt }: Recorded): readonly Told[] {
  const electorate = electors.map(({ elector, weight }) => (weight === undefined ? elector : { elector, weight }))
  return [
    { path: '/decisions', body: { id, ...asked, electorate }, headers: { key: `open ${id}`, importedAt: at } },
    ...ballots.map(({ elector, vote, at }) =>
      ({ path: `/decisions/${id}/votes`, body: { elector, vote }, headers: { key: `${elector} ${id}`, importedAt: at } })),
    { path: `/decisions/${id}/close`, headers: { key: `close ${id}`, importedAt: closedAt } },
  ]
}

/** How many of its ballots were taken, and where the log stands afterwards. */
async function playOne(api: Pick<Api, 'together'>, question: Recorded): Promise<{ readonly taken: number; readonly position: bigint }> {
  const answers: (Answer | undefined)[] = []
  for (const some of partsOf(toldOf(question))) answers.push(...await sent(api, some))
  const taken = answers.slice(1, -1).filter((answer) => answer?.changed).length
  return { taken, position: BigInt(answers.findLast((answer) => answer)!.position) }
}

/** Plays questions through the command API as they were asked, voted on and closed, some side by side; then looks how they ended. */
export async function play(
  api: Pick<Api, 'get' | 'together'>, questions: readonly Recorded[], sideBySide = 8,
): Promise<ReadonlyMap<string, Played>> {
  await register(api, questions)
  const taken = new Map<string, number>()
  let last = 0n
  const left = questions.values()
  await Promise.all(Array.from({ length: sideBySide }, async () => {
    for (const question of left) {
      const one = await playOne(api, question)
      taken.set(question.id, one.taken)
      if (one.position > last) last = one.position
    }
  }))
  const played = new Map<string, Played>()
  for (const [id, count] of taken) {
    const { status } = await api.get(`/decisions/${id}?minPosition=${last}`)
    played.set(id, { id, status, taken: count })
  }
  return played
}
