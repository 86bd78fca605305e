import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, Id, StoredInstant } from '../../vocabulary.ts'
import { Role } from '../patterns.ts'
import type { EnsembleEvent } from './events.ts'
import { Member, type Place } from './shapes.ts'

const { skills, score, cost } = Member.shape

const row = z.object({
  session: Id,
  agent: AgentId,
  role: Role,
  /** How it came to be a member, and how it left. */
  cause: z.enum(['formed', 'joined', 'replacement']),
  score, cost, skills,
  joined_at: StoredInstant,
  left_at: StoredInstant.nullable(),
  left_cause: z.enum(['ended', 'left', 'removed', 'lost']).nullable(),
})

const ended = ({ id: session, at, data: { places } }: { id: string; at: string; data: { places: readonly z.output<typeof Place>[] } }) =>
  places.map(({ agent }) => ({ patch: { left_at: at, left_cause: 'ended' as const }, at: { session, agent } }))

const project: Project<typeof row, 'session' | 'agent', EnsembleEvent> = {
  EnsembleStarted: ({ id: session, at, data: { members } }) => members.map(({ agent, role, score, cost, skills }) =>
    ({ put: { session, agent, role, cause: 'formed', score, cost, skills, joined_at: at, left_at: null, left_cause: null } })),
  MemberJoined: ({ id: session, at, data: { agent, role, score, cost, skills, cause } }) =>
    [{ put: { session, agent, role, cause, score, cost, skills, joined_at: at, left_at: null, left_cause: null } }],
  MemberLeft: ({ id: session, at, data: { agent, cause, heir } }) => [
    { patch: { left_at: at, left_cause: cause }, at: { session, agent } },
    ...(heir ? [{ patch: { role: heir.role }, at: { session, agent: heir.agent } }] : []),
  ],
  EnsembleCompleted: ended,
  EnsembleFailed: ended,
  EnsembleCancelled: ended,
}

export const sessionMembers = readModel({
  name: 'session_member',
  about: 'Which agents are members of which sessions, in which role, for how long.',
  version: 1,
  path: '/session-members',
  row,
  key: ['session', 'agent'],
  filters: ['session', 'agent', 'role'],
  project,
})
