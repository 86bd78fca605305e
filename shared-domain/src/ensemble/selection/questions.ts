import { z } from 'zod'
import { agents } from '../../fleet/agent/agents.ts'
import { countsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { Hints, patternFor, rules } from '../hints.ts'
import { Pattern } from '../patterns.ts'

export const patternSelection = question({
  name: 'patternSelection',
  about: 'Which pattern suits work of which so much is known, by which rule, and how many agents take work now.',
  path: '/orchestration/patterns/select',
  params: z.object({}),
  query: Hints,
  answer: z.object({ pattern: Pattern, rule: z.enum(rules), agents: z.int() }),
  reads: [agents],
  aliases: [{ route: 'POST /orchestration/patterns/select' }],
  *reply({ query }) {
    const { atWork: [atWork] } = yield* asks({
      atWork: countsOf(agents, { columns: [], where: { standing: ['IDLE', 'ACTIVE'] }, limit: 1 }),
    })
    return { ...patternFor(query), agents: atWork?.count ?? 0 }
  },
})
