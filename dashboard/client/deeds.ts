import { announce } from './announcer.ts'
import { held } from './held.ts'
import { exchange, Failure } from './http.ts'
import { level, type Page, type Positioned } from './queries.ts'
import { may, ownOrchestrator } from './session.ts'

export interface Field {
  readonly name: string
  readonly label: string
  readonly kind?: 'text' | 'long' | 'number' | 'choice' | 'orchestrator' | 'agent' | 'instant' | 'check' | 'words'
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
  readonly done?: (answer: Readonly<Record<string, unknown>>) => void
}

/** L-62: what the scopes forbid is not offered. */
export const isOffered = ({ scope = 'write', owner }: Deed): boolean =>
  may(scope) && (owner === undefined || may('admin') || owner === ownOrchestrator())

export interface UnderWay {
  readonly deed: Deed
  readonly state: 'asking' | 'pending' | 'failed'
  readonly failure?: Failure
  /** What happened since what was shown, as far as it is known. */
  readonly meanwhile?: readonly Change[]
}

export interface Change { readonly revision: number; readonly summary: string; readonly type: string; readonly at: string; readonly by_kind: string; readonly by_id: string }

export const underWay = held<UnderWay | undefined>(undefined)

export function begin(deed: Deed): void {
  if (deed.fields || deed.warning) underWay.set({ deed, state: 'asking' })
  else void carryOut(deed, {})
}

const tries_max = 3

export async function carryOut(deed: Deed, said: Readonly<Record<string, unknown>>): Promise<void> {
  const { label, method = 'POST', path, body = {}, shown, done } = deed
  underWay.set({ deed, state: 'pending' })
  const headers = { 'idempotency-key': crypto.randomUUID(), ...(shown ? { 'if-match': `"${shown.revision}"` } : {}) }
  try {
    const answer = await asked(() => exchange<Positioned & Record<string, unknown>>(path, { method, body: { ...body, ...said }, headers }))
    await level(answer.position)
    if (underWay.get()?.deed === deed) underWay.set(undefined)
    announce(`${label}: done.`)
    done?.(answer)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const meanwhile = error.problem.status === 412 && shown ? await since(shown) : undefined
    underWay.set({ deed, state: 'failed', failure: error, ...(meanwhile ? { meanwhile } : {}) })
  }
}

/** Nobody knows whether what was not answered has happened; under the same key it happens once. */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (tries >= tries_max || !(error instanceof Failure) || error.problem.status !== 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 500 * tries))
    }
  }
}

async function since({ stream, revision }: { readonly stream: string; readonly revision: number }): Promise<readonly Change[]> {
  const page = await exchange<Page<Change>>(`/timeline?stream=${encodeURIComponent(stream)}&limit=200`).catch(() => undefined)
  return page?.items.filter((change) => change.revision > revision) ?? []
}
