import type { Question as Declared } from 'shared-domain/kernel/question.ts'
import { answered } from 'shared-service/looking.ts'
import { parametersOf } from './from-url.ts'
import { question, type Question } from './question.ts'
import { unknownThing } from './wordings.ts'

/** The route of a question that the domain declares; its rows are looked for among those of the caller's organization. */
export function answerOf(declared: Declared): Question {
  const { name, about, path, params, query, answer, reads, aliases, stream } = declared
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
    async reply({ params, query, caller: { organization }, at }, database) {
      const found = await answered(database.look, declared, organization, { params, query, at })
      if (!found) throw unknownThing()
      return found
    },
  })
}
