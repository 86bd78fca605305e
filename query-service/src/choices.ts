import { z } from 'zod'
import { rank, readBy, slicesOf, type Choice, type Ranked } from 'shared-domain/kernel/choice.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { question, type Question } from './question.ts'
import { show, shownRow, slicedTo } from './routes.ts'
import { unknownThing } from './wordings.ts'

const runnersUp_max = 5

/** What would be chosen now, and why: the best with its score, and those that come after it. */
export function questionOf(choice: Choice): Question {
  const { name, about, path, question: asked, chooser, from, policy, aliases = [] } = choice
  const [chooserKey] = chooser.key as [string]
  const Scored = shownRow(from).extend({ score: z.number() })
  return question({
    operation: `${name}.show`,
    about,
    tag: name,
    path: `${path}/:${chooserKey}/${asked}`,
    params: z.object({ [chooserKey]: chooser.row.shape[chooserKey]! }),
    query: z.object({}),
    answer: z.object({ best: Scored.nullable(), runnersUp: z.array(Scored).max(runnersUp_max), policy: z.string() }),
    scope: 'read',
    aliases: aliases.filter(({ route }) => route.startsWith('GET ')),
    reads: [...new Set([...readBy(choice), chooser].map(({ name }) => name))],
    async reply({ params, caller: { organization }, at }, database) {
      const choosing = await database.ask(chooser, organization, [slicedTo(params)])
      if (!choosing.rows[0]) throw unknownThing()
      const candidates = await database.ask(from, organization, slicesOf(choice, params[chooserKey], at))
      const ranked: readonly Ranked<Row>[] = rank(choice, candidates.rows, choosing.rows[0], at)
      const [best = null, ...others] = ranked.map(({ row, score }) => ({ ...show(from, row), score }))
      const position = earlier(choosing.position, candidates.position)
      return { body: { best, runnersUp: others.slice(0, runnersUp_max), policy }, position }
    },
  })
}

const earlier = (a: string, b: string) => (BigInt(a) < BigInt(b) ? a : b)
