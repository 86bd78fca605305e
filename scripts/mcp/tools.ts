import { asking, commandTool, lists, takingTool, type Said, type Tool } from './tool.ts'

const text = { type: 'string' }
const uuid = { type: 'string', format: 'uuid' }
const status = { type: 'string', enum: ['TODO', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED'] }
const priority = { type: 'string', enum: ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] }

interface Task { readonly required_capabilities: readonly string[] }
interface Agent { readonly agent: string; readonly name: string; readonly skills: readonly string[]; readonly breaker: string; readonly status: string; readonly reliability: number; readonly load: number }
interface Page<Row> { readonly items: readonly Row[]; readonly position: string }

/** Agents with one of the skills that a task wants are looked through, the most reliable 200 of each. */
const whoCanTake: Tool = {
  ...asking({
    name: 'who_can_take', path: '/tasks/:task',
    about: 'Agents that have a skill the task wants, the best first: how many of the skills they have, whether they take work now, how reliable and loaded they are.',
  }),
  async run({ api }, { task }) {
    const { required_capabilities: wanted, position } = await api.get<Task & { position: string }>(`/tasks/${encodeURIComponent(String(task))}`)
    const pages = await Promise.all((wanted.length > 0 ? wanted.slice(0, 10) : [undefined]).map((skill) =>
      api.get<Page<Agent>>(`/agents?${new URLSearchParams({ ...(skill === undefined ? {} : { skill }), sort: '-reliability', limit: '200' })}`)))
    const agents = new Map(pages.flatMap(({ items }) => items.map((agent) => [agent.agent, agent])))
    const found = [...agents.values()].map(({ agent, name, skills, status, breaker, reliability, load }) => {
      const has = wanted.filter((skill) => skills.includes(skill))
      return { agent, name, has, lacks: wanted.filter((skill) => !has.includes(skill)), takesWork: ['IDLE', 'ACTIVE'].includes(status) && breaker !== 'OPEN', status, breaker, reliability, load }
    })
    const byFit = found.toSorted((a, b) => b.has.length - a.has.length || Number(b.takesWork) - Number(a.takesWork) || b.reliability - a.reliability)
    return { wanted, agents: byFit.slice(0, 50), found: found.length, position }
  },
}

export const readTools: readonly Tool[] = [
  asking({ name: 'next_task', path: '/orchestrators/:orchestrator/next', about: 'The tasks that the orchestrator had best take up next, the best first. Takes none.', query: { limit: lists({}).limit!, workspace: text } }),
  asking({
    name: 'list_tasks', path: '/tasks', about: 'Tasks, oldest first.',
    query: lists({ owner: uuid, assignee: text, status, priority, workspace: text, tag: text, search: text, sort: { type: 'string', description: 'A column, falling with "-".' } }),
  }),
  asking({ name: 'get_task', path: '/tasks/:task', about: 'A task as it stands.' }),
  asking({ name: 'read_context', path: '/tasks/:task/context', about: 'What whoever takes the task up should know of it.' }),
  asking({ name: 'why', path: '/tasks/:task/why', about: 'Why a task does not run: every reason there is now, and the choices that were made about it.' }),
  asking({
    name: 'timeline', path: '/timeline', about: 'What happened to a thing, fact by fact: of the stream task-<id>, decision-<id>, orchestrator-<id> and so on.',
    query: lists({ stream: text, type: text }),
  }),
  asking({ name: 'list_decisions', path: '/decisions', about: 'Decisions, oldest first.', query: lists({ status: text, task: uuid, type: text }) }),
  asking({ name: 'get_decision', path: '/decisions/:decision', about: 'What is being decided, by what rule, and how it stands.' }),
  whoCanTake,
]

const escalate = commandTool('task', 'escalate', { name: 'ask_for_help', id: 'task' })
const collaborate = commandTool('task', 'collaborate', { name: 'ask_for_help', id: 'task' })

/** One of two commands: with `to` orchestrators are asked to help and the task goes on, without it waits for a decision. */
const askForHelp: Tool = {
  ...escalate,
  about: 'Ask for help. With `to`, orchestrators: they are asked to work on it as well, and it goes on. Without, somebody is asked to decide, and the task waits until they do.',
  input: {
    ...escalate.input, required: ['task'],
    properties: { ...escalate.input.properties, to: { type: 'array', items: uuid, minItems: 1, maxItems: 10, description: 'Orchestrators that are asked to help.' }, note: { type: 'string', maxLength: 1000, description: 'To them.' } },
  },
  async run(acting, { to, ...said }: Said) {
    if (!Array.isArray(to)) return escalate.run(acting, said)
    return collaborate.run(acting, { ...said, collaborators: to.map((orchestrator) => ({ orchestrator, role: 'helper' })) })
  },
}

export const writeTools: readonly Tool[] = [
  takingTool('nextTask', { name: 'claim_next', id: 'orchestrator', lease: 'takes', about: 'Take the best task up. Its lease is kept and confirmed as long as you call now and then.' }),
  commandTool('task', 'reportProgress', { name: 'report_progress', id: 'task', lease: 'uses' }),
  commandTool('task', 'complete', { name: 'complete', id: 'task', lease: 'ends' }),
  commandTool('task', 'fail', { name: 'fail', id: 'task', destructive: true, lease: 'ends' }),
  commandTool('task', 'release', { name: 'release', id: 'task', lease: 'ends' }),
  commandTool('task', 'create', { name: 'create_task', id: 'id' }),
  commandTool('task', 'delegate', { name: 'delegate', id: 'task', destructive: true }),
  commandTool('task', 'handoff', { name: 'hand_off', id: 'task', destructive: true, lease: 'ends' }),
  askForHelp,
  commandTool('decision', 'cast', { name: 'vote', id: 'decision' }),
]
