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
  about: 'What the members that a session has, or had at its end, are to one another: who supervises leads each worker; others are peers.',
  path: '/orchestration/relationships',
  params: z.object({}),
  query: z.object({ session: Id }),
  answer: z.object({ items: z.array(z.object({ agent: AgentId, relatedTo: AgentId, type: z.enum(relations) })) }),
  reads: [sessions, sessionMembers],
  aliases: [{ route: 'GET /orchestration/relationships', fields: { sessionId: 'session' } }],
  *reply({ query: { session } }) {
    const { own: [own], all } = yield* asks({
      own: rowsOf(sessions, { columns: ['session'], where: { session }, limit: 1 }),
      all: rowsOf(sessionMembers, { columns: ['agent', 'role', 'left_cause'], where: { session }, limit: members_max * 2 }),
    })
    if (!own) return undefined
    const members = all.filter(({ left_cause: cause }) => cause === null || cause === 'ended')
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
