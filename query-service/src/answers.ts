import { answering, type Question as Declared } from 'shared-domain/kernel/question.ts'
import { parametersOf } from './from-url.ts'
import { earlier, question, type Question } from './question.ts'
import { unknownThing } from './wordings.ts'

/** The route of a question that the domain declares; its rows are looked for among those of the caller's organization. */
export function answerOf(declared: Declared): Question {
  const { name, about, path, params, query, answer, reads, statements_max, aliases, stream } = declared
  return question({
    operation: `${name}.show`,
    about,
    tag: reads[0]!.name,
    path,
    params,
    query: parametersOf(query),
    answer,
    scope: 'read',
    reads: reads.filter(({ isOffLog }) => !isOffLog).map((model) => model.name),
    aliases,
    stream,
    reply: ({ params, query, caller: { organization }, at }, database) => database.look(organization, statements_max > 1, async (find) => {
      const course = answering(declared, { params, query, at, tz: process.versions['tz'] })
      const positions: string[] = []
      let step = course.next()
      while (!step.done) {
        const { rows, position } = await find(step.value)
        positions.push(position)
        step = course.next(rows)
      }
      if (step.value === undefined) throw unknownThing()
      return { body: step.value, position: positions.reduce(earlier) }
    }),
  })
}
