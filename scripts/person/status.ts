import { print, printJson, type Command } from '../../infra/console/command.ts'
import { Refused } from '../api.ts'
import { apiFor, optionsOf } from './options.ts'
import { profileOf } from './profile.ts'
import { sheet, well, wrong } from './showing.ts'

interface Rows { readonly items: readonly unknown[]; readonly next: string | null }

const counted_max = 200

/** How many rows there are, as far as one page goes. */
const countOf = ({ items, next }: Rows): string => (next === null ? String(items.length) : `${items.length} or more`)

export const status: Command = {
  about: 'How Baton and its work stand. Exit 1 when something is wrong: a service that does not answer, a deadline that was missed, an escalation nobody has answered.',
  usage: 'status [--json]',
  async run(args) {
    const { values: { json, root } } = optionsOf(args, {})
    const { url } = profileOf(root)
    const api = apiFor(root)
    const health = await fetch(`${url}/healthz`).then(async (answer) => await answer.json() as { status: string; services?: Record<string, string> }, () => ({ status: 'unavailable', services: undefined }))
    const page = (path: string) => api.get<Rows>(`${path}&limit=${counted_max}`)
    const [tasks, late, escalated, votes] = health.status === 'ok'
      ? await Promise.all([api.get<Record<string, number>>('/tasks/metrics'), page('/tasks?sla_state=violated'), page('/escalations?state=OPEN'), page('/decisions?status=pending')])
        .catch((error: unknown) => {
          if (error instanceof Refused) throw error
          return []
        })
      : []
    const found = {
      url, ...(health.services ? { services: health.services } : {}), status: health.status,
      ...(tasks ? { tasks: tasks.total, done: tasks.completed, failed: tasks.failed, agents: tasks.activeAgents } : {}),
      ...(late && escalated && votes ? { late: countOf(late), escalated: countOf(escalated), decisions: countOf(votes) } : {}),
    }
    const problems = [
      ...(health.status === 'ok' && tasks ? [] : ['Baton does not answer as a whole.']),
      ...(late && late.items.length > 0 ? [`${countOf(late)} open tasks have missed their deadline: baton tasks --sla_state violated`] : []),
      ...(escalated && escalated.items.length > 0 ? [`${countOf(escalated)} escalations wait for somebody: baton escalations`] : []),
    ]
    if (json) printJson({ ...found, problems })
    else for (const line of [...sheet(found), ...(problems.length > 0 ? problems.map(wrong) : [well('All is well.')])]) print(line)
    return problems.length > 0 ? 1 : 0
  },
}
