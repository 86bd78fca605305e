import { z } from 'zod'
import { rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { AgentId, Id } from '../../vocabulary.ts'
import { sessionMembers } from './session-members.ts'
import { sessions } from './sessions.ts'
import { members_max } from './shapes.ts'

const relations = ['supervisor', 'peer'] as const

export const relationships = question({
  name: 'relationships',
  about: 'What the members of a session are to one another: whoever supervises leads each worker, all others are peers.',
  path: '/orchestration/relationships',
  params: z.object({}),
  query: z.object({ session: Id }),
  answer: z.object({ items: z.array(z.object({ agent: AgentId, relatedTo: AgentId, type: z.enum(relations) })) }),
  reads: [sessions, sessionMembers],
  aliases: [{ route: 'GET /orchestration/relationships', fields: { sessionId: 'session' } }],
  *reply({ query: { session } }) {
    const { own: [own], members } = yield* asks({
      own: rowsOf(sessions, { columns: ['session'], where: { session }, limit: 1 }),
      members: rowsOf(sessionMembers, { columns: ['agent', 'role'], where: { session }, limit: members_max * 2 }),
    })
    if (!own) return undefined
    const lead = members.find(({ role }) => role === 'supervisor')
    if (lead) {
      const workers = members.filter(({ agent }) => agent !== lead.agent)
      return { items: workers.map(({ agent: relatedTo }) => ({ agent: lead.agent, relatedTo, type: 'supervisor' as const })) }
    }
    return {
      items: members.flatMap(({ agent }, index) =>
        members.slice(index + 1).map(({ agent: relatedTo }) => ({ agent, relatedTo, type: 'peer' as const }))),
    }
  },
})
