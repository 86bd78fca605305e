import { useQuery, type Page } from './queries.ts'

/** The row of another list that belongs to one here: the first 200 by one question for all, others one by one where they are shown. */
export function useJoined<Row>(path: string, key: string, id: string): Row | undefined {
  const list = useQuery<Page<Row & Readonly<Record<string, unknown>>>>(`${path}?limit=200`)
  const known = list.answer?.items.find((one) => one[key] === id)
  const own = useQuery<Row & { readonly position: string }>(list.answer?.next && !known ? `${path}/${id}` : undefined)
  return known ?? own.answer
}
