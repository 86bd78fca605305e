import { z } from 'zod'
import { readBy, Rejected, wishOf, type Choice } from 'shared-domain/kernel/choice.ts'
import type { Candidate } from 'shared-domain/kernel/choosing.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { picked } from 'shared-domain/kernel/settings.ts'
import { candidates } from 'shared-service/choosing.ts'
import { parametersOf } from './from-url.ts'
import { earlier } from 'shared-service/looking.ts'
import { question, type Question } from './question.ts'
import { show, shownRow } from './routes.ts'
import { unknownThing } from './wordings.ts'

const limit_max = 50
const Limit = z.int().min(1).max(limit_max).default(6).describe('How many are shown in all.')

/** What would be chosen now, and why: the best with its score, and those that come after it or were passed over before it. */
export function questionOf(choice: Choice): readonly Question[] {
  const { name, about, path, question: asked, chooser, from, aliases = [], fits, bounds } = choice
  if (asked === undefined) return []
  const [chooserKey = ''] = chooser?.key ?? []
  const Scored = shownRow(from).extend({ score: z.number() })
  const answer = z.object({ best: Scored.nullable(), runnersUp: z.array(Scored).max(limit_max - 1), policy: z.string() })
  return [question({
    operation: `${name}.show`,
    about,
    tag: name,
    path: `${path}${chooser ? `/:${chooserKey}` : ''}/${asked}`,
    params: chooser ? z.object({ [chooserKey]: chooser.row.shape[chooserKey]! }) : z.object({}),
    // Where rows are gone through until one fits, there are no runners-up.
    query: parametersOf(fits ? wishOf(choice) : wishOf(choice).extend({ limit: Limit })),
    answer: answer.extend({ ...(fits ? { rejected: z.array(Rejected) } : {}), ...bounds?.fields.shape }),
    scope: 'read',
    aliases: aliases.filter(({ route }) => route.startsWith('GET ')),
    reads: [...new Set([...readBy(choice), ...(chooser ? [chooser] : [])].map(({ name }) => name))],
    async reply({ params, query: { limit, ...wish }, caller: { organization, settings, actor: by, actsFor }, at }, database) {
      const positions: string[] = []
      const told = <Found extends { readonly position: string }>(found: Found) => {
        positions.push(found.position)
        return found
      }
      const asking = { id: params[chooserKey], wish, at, settings: picked(settings, choice.settings ?? []), caller: { by, actsFor } }
      const shown_max = fits ? 1 : Number(limit)
      const course = candidates(choice, asking, shown_max, {
        rows: async (model, slices) => told(await database.ask(model, organization, slices)).rows,
        grounds: async (grounds) => told(await database.find(organization, grounds)),
      })
      const offered: Candidate<Row>[] = []
      let step = await course.next()
      for (; !step.done; step = await course.next()) if (offered.push(step.value) === shown_max) break
      if (step.done && step.value.why.code === 'NOT_FOUND') throw unknownThing()
      const { policy, rejected } = step.done ? step.value : step.value.selection
      const { told: more } = step.value
      const [best = null, ...runnersUp] = offered.map(({ row, score }) => ({ ...show(from, row), score }))
      return { body: { best, runnersUp, policy, ...(fits ? { rejected } : {}), ...more }, position: positions.reduce(earlier) }
    },
  })]
}
