import type { Command } from '../../infra/console/command.ts'
import { operationOf, takingOf } from '../operations.ts'
import { listing, question } from './asking.ts'
import { login } from './login.ts'
import { table } from './showing.ts'
import { status } from './status.ts'
import { tail } from './tail.ts'
import { telling } from './telling.ts'

interface Chosen { readonly best: Readonly<Record<string, unknown>> | null; readonly runnersUp: readonly Readonly<Record<string, unknown>>[] }

/** What a person at a terminal uses, by name. */
export const personCommands: Readonly<Record<string, Command>> = {
  login,
  status,
  tasks: listing({
    name: 'tasks', path: '/tasks', about: 'Tasks, oldest first; those that are not over, unless something is chosen.', usual: { includeCompleted: 'false' },
    filters: ['owner', 'assignee', 'status', 'priority', 'workspace', 'tag', 'sla_state', 'search', 'sort'], columns: ['task', 'status', 'priority', 'progress', 'title'],
  }),
  task: question({ name: 'task', path: '/tasks/:task', about: 'A task as it stands.' }),
  why: question({ name: 'why', path: '/tasks/:task/why', about: 'Why a task does not run, and the choices that were made about it.' }),
  next: question({
    name: 'next', path: '/orchestrators/:orchestrator/next', about: 'The tasks that are best taken up next.',
    lines: ({ best, runnersUp }: Chosen) => (best ? table([best, ...runnersUp], ['task', 'priority', 'deadline', 'title']) : ['Nothing is to be taken up.']),
  }),
  claim: telling(takingOf('nextTask'), { name: 'claim', id: 'orchestrator', about: 'Take the best task up.' }),
  assign: telling(operationOf('task', 'assign'), { name: 'assign', id: 'task', places: ['assignee'] }),
  complete: telling(operationOf('task', 'complete'), { name: 'complete', id: 'task' }),
  fail: telling(operationOf('task', 'fail'), { name: 'fail', id: 'task', places: ['error'] }),
  delegate: telling(operationOf('task', 'delegate'), { name: 'delegate', id: 'task', places: ['to'] }),
  handoff: telling(operationOf('task', 'handoff'), { name: 'handoff', id: 'task', places: ['to'] }),
  escalations: listing({
    name: 'escalations', path: '/escalations', about: 'What waits for somebody to decide, newest first; the open ones, unless something is chosen.', usual: { state: 'OPEN' },
    filters: ['task', 'owner', 'state', 'severity'], columns: ['task', 'severity', 'state', 'level', 'at', 'reason'],
  }),
  resolve: telling(operationOf('task', 'resolveEscalation'), { name: 'resolve', id: 'task', places: ['resolution'] }),
  decisions: listing({
    name: 'decisions', path: '/decisions', about: 'Decisions, oldest first; the open ones, unless something is chosen.', usual: { status: 'pending' },
    filters: ['status', 'type', 'task', 'protocol'], columns: ['decision', 'status', 'approvals', 'rejections', 'deadline', 'title'],
  }),
  vote: telling(operationOf('decision', 'cast'), { name: 'vote', id: 'decision', places: ['vote'] }),
  orchestrators: listing({
    name: 'orchestrators', path: '/orchestrators', about: 'Orchestrators and how they stand.', filters: ['status', 'discipline', 'role', 'capability', 'search'],
    columns: ['orchestrator', 'name', 'status', 'since', 'discipline'],
  }),
  agents: listing({
    name: 'agents', path: '/agents', about: 'Agents, what they can and what they carry.', filters: ['orchestrator', 'status', 'skill', 'tag', 'search', 'sort'],
    columns: ['agent', 'name', 'status', 'breaker', 'current', 'max_concurrent', 'reliability'],
  }),
  tail,
}
