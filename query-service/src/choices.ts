import { z } from 'zod'
import { readBy, Rejected, wishOf, type Choice } from 'shared-domain/kernel/choice.ts'
import type { Candidate } from 'shared-domain/kernel/choosing.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { picked } from 'shared-domain/kernel/settings.ts'
import { candidates } from 'shared-service/choosing.ts'
import { parametersOf } from './from-url.ts'
import { earlier, question, type Question } from './question.ts'
import { show, shownRow } from './routes.ts'
import { unknownThing } from './wordings.ts'

const runnersUp_max = 5

/** What would be chosen now, and why: the best with its score, and those that come after it or were passed over before it. */
export function questionOf(choice: Choice): Question {
  const { name, about, path, question: asked, chooser, from, policy, aliases = [], fits } = choice
  const [chooserKey = ''] = chooser?.key ?? []
  const Scored = shownRow(from).extend({ score: z.number() })
  const answer = z.object({ best: Scored.nullable(), runnersUp: z.array(Scored).max(runnersUp_max), policy: z.string() })
  return question({
    operation: `${name}.show`,
    about,
    tag: name,
    path: `${path}${chooser ? `/:${chooserKey}` : ''}/${asked}`,
    params: chooser ? z.object({ [chooserKey]: chooser.row.shape[chooserKey]! }) : z.object({}),
    query: parametersOf(wishOf(choice)),
    answer: fits ? answer.extend({ rejected: z.array(Rejected) }) : answer,
    scope: 'read',
    aliases: aliases.filter(({ route }) => route.startsWith('GET ')),
    reads: [...new Set([...readBy(choice), ...(chooser ? [chooser] : [])].map(({ name }) => name))],
    async reply({ params, query: wish, caller: { organization, settings }, at }, database) {
      const positions: string[] = []
      const told = <Found extends { readonly position: string }>(found: Found) => {
        positions.push(found.position)
        return found
      }
      const course = candidates(choice, { id: params[chooserKey], wish, at, settings: picked(settings, choice.settings ?? []) }, 1 + runnersUp_max, {
        rows: async (model, slices) => told(await database.ask(model, organization, slices)).rows,
        grounds: async (grounds) => told(await database.find(organization, grounds)),
      })
      const offered: Candidate<Row>[] = []
      let step = await course.next()
      // Where rows are gone through until one fits, there are no runners-up.
      for (; !step.done; step = await course.next()) if (offered.push(step.value) > runnersUp_max || fits) break
      if (step.done && step.value.why.code === 'NOT_FOUND') throw unknownThing()
      const rejected = step.done ? step.value.rejected : step.value.selection.rejected
      const [best = null, ...runnersUp] = offered.map(({ row, score }) => ({ ...show(from, row), score }))
      return { body: { best, runnersUp, policy, ...(fits ? { rejected } : {}) }, position: positions.reduce(earlier) }
    },
  })
}
