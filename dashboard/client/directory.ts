import { useQuery, type Page } from './queries.ts'

interface Orchestrator { readonly orchestrator: string; readonly name: string }
interface Agent { readonly agent: string; readonly name: string }

/** Who is called how: the first 200 of each kind by one question each, others one by one where they are shown. */
export function useName(kind: 'orchestrator' | 'agent', id: string | null | undefined): string | undefined {
  const list = useQuery<Page<Orchestrator & Agent>>(id ? `/${kind}s?limit=200` : undefined)
  const known = list.answer?.items.find((one) => one[kind] === id)?.name
  const isElsewhere = Boolean(id && list.answer?.next && known === undefined)
  const own = useQuery<Orchestrator & Agent>(isElsewhere ? `/${kind}s/${id}` : undefined)
  return known ?? own.answer?.name
}
