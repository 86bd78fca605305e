import { announce } from './announcer.ts'
import { held } from './held.ts'
import { exchange, Failure } from './http.ts'
import { askAllAgain, level, type Page, type Positioned } from './queries.ts'
import { may, ownOrchestrator } from './session.ts'

export interface Field {
  readonly name: string
  readonly label: string
  readonly kind?: 'text' | 'long' | 'number' | 'choice' | 'orchestrator' | 'orchestrators' | 'agent' | 'instant' | 'check' | 'words'
  readonly options?: readonly string[]
  readonly initial?: string
  readonly isOptional?: boolean
  readonly hint?: string
}

/** Something that somebody may do from a page: one command. */
export interface Deed {
  readonly label: string
  readonly method?: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  /** Stream and revision of what is shown: if it is another by now, nothing happens. */
  readonly shown?: { readonly stream: string; readonly revision: number } | undefined
  readonly fields?: readonly Field[]
  /** Asked before: what cannot be undone, in a sentence. */
  readonly warning?: string
  readonly about?: string
  readonly scope?: string
  /** Only this orchestrator, and admins. */
  readonly owner?: string | null | undefined
  /** Makes something that is shown once; it is not asked for again under the same key. */
  readonly isSecret?: boolean
  readonly done?: (answer: Readonly<Record<string, unknown>>) => void
}

/** L-62: what the scopes forbid is not offered. */
export const isOffered = ({ scope = 'write', owner }: Deed): boolean =>
  may(scope) && (owner === undefined || may('admin') || owner === ownOrchestrator())

export interface UnderWay {
  readonly deed: Deed
  readonly state: 'asking' | 'pending' | 'failed' | 'told'
  readonly failure?: Failure
  /** Shown now and never again. */
  readonly secret?: string
  /** What happened since what was shown, as far as it is known. */
  readonly meanwhile?: readonly Change[]
}

export interface Change { readonly revision: number; readonly summary: string; readonly type: string; readonly at: string; readonly by_kind: string; readonly by_id: string }

export const underWay = held<UnderWay | undefined>(undefined)

/** Whether it says something, or is told something, before it is carried out. */
export const isAsked = ({ fields = [], warning }: Deed): boolean => fields.length > 0 || warning !== undefined

export function begin(deed: Deed): void {
  if (isAsked(deed)) underWay.set({ deed, state: 'asking' })
  else void carryOut(deed, {})
}

const tries_max = 3

export async function carryOut(deed: Deed, said: Readonly<Record<string, unknown>>): Promise<void> {
  const { label, method = 'POST', path, body = {}, shown, done, isSecret } = deed
  underWay.set({ deed, state: 'pending' })
  const headers = { ...(isSecret ? {} : { 'idempotency-key': crypto.randomUUID() }), ...(shown ? { 'if-match': `"${shown.revision}"` } : {}) }
  const { agent, ...plain } = said
  const whole = { ...body, ...plain, ...(agent === undefined ? {} : { assignee: `agent:${agent}` }) }
  try {
    const answer = await asked(isSecret ?? false, () => exchange<Positioned & Record<string, unknown>>(path, { method, body: whole, headers }))
    // Many commands of one request have a position each, of which nothing is told: what is shown is asked as of the end of the log.
    await level(answer.position ?? (await exchange<Positioned>('/events/latest?limit=1')).position)
    const secret = typeof answer['secret'] === 'string' ? answer['secret'] : undefined
    if (underWay.get()?.deed === deed) underWay.set(secret === undefined ? undefined : { deed, state: 'told', secret })
    announce(`${label}: done.`)
    done?.(answer)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const meanwhile = error.problem.status === 412 && shown ? await since(shown) : undefined
    if (meanwhile) askAllAgain()
    underWay.set({ deed, state: 'failed', failure: error, ...(meanwhile ? { meanwhile } : {}) })
  }
}

/** Nobody knows whether what was not answered has happened; under the same key it happens once. */
async function asked<T>(isOnce: boolean, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (isOnce || tries >= tries_max || !(error instanceof Failure) || error.problem.status !== 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 500 * tries))
    }
  }
}

async function since({ stream, revision }: { readonly stream: string; readonly revision: number }): Promise<readonly Change[]> {
  const page = await exchange<Page<Change>>(`/timeline?stream=${encodeURIComponent(stream)}&limit=200`).catch(() => undefined)
  return page?.items.filter((change) => change.revision > revision) ?? []
}
