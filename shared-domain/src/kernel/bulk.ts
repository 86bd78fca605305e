import { z } from 'zod'
import type { Alias, Said } from './alias.ts'
import type { Bulk, Decider } from './decider.ts'

export const ids_max_default = 50

const distinct = (ids: readonly string[]) => new Set(ids).size === ids.length

export type BulkBody = z.ZodType<{ readonly ids: readonly string[]; readonly action: string } & Readonly<Record<string, unknown>>>

/** What a request for one of the actions says. */
export function bulkWords({ commands }: Decider, { actions, ids_max = ids_max_default }: Bulk, action: string): z.ZodObject {
  const ids = z.array(z.uuid().toLowerCase()).min(1).max(ids_max).meta({ uniqueItems: true })
    .refine(distinct, { error: 'names something twice' })
  return (commands[actions[action]!]!.data as z.ZodObject).safeExtend({ ids, action: z.literal(action) }).strict()
}

/** Older words that say of themselves which action they are. */
export const ofAction = (alias: Alias, action: string): Alias => ({
  ...alias, without: [...alias.without ?? [], 'action'], say: (said, at) => ({ ...(alias.say?.(said, at) ?? said), action }),
})

/** What a request says: which streams, which action, and whatever the command of the action takes. */
export function bulkBody(decider: Decider, bulk: Bulk): BulkBody {
  const { actions } = bulk
  const variants = Object.keys(actions).map((action) => bulkWords(decider, bulk, action))
  const error = (issue: { readonly code?: string }) =>
    (issue.code === 'invalid_union' ? `is one of ${Object.keys(actions).join(', ')}` : undefined)
  return z.discriminatedUnion('action', variants as never, { error }) as never
}

/** What was said in older words, in the canonical ones. Who calls the ids by both names is refused for the older. */
export function inBulkWords({ older }: Bulk, said: Said): Said {
  if (!older) return said
  const { [older.ids]: ids, ...others } = said
  const action = older.actions?.[String(said.action)]
  return { ...(ids === undefined || 'ids' in said ? said : { ids, ...others }), ...(action === undefined ? {} : { action }) }
}

/** The same body in older words, for the description. */
export function olderBulkBody(bulk: Bulk): z.ZodType | undefined {
  const { older, actions } = bulk
  if (!older) return undefined
  const { ids_max = ids_max_default } = bulk
  const action = z.enum([...Object.keys(actions), ...Object.keys(older.actions ?? {})])
  return z.looseObject({ action, [older.ids]: z.array(z.uuid()).min(1).max(ids_max) })
}
