import { useState } from 'preact/hooks'
import { exchange, Failure, type Problem } from './http.ts'
import { held, useHeld } from './held.ts'
import { forget, remember, session, type Who } from './session.ts'
import { html } from './view.ts'

/** Asks whose key it is, and keeps it when it is somebody's. */
export async function signIn(key: string): Promise<Problem | undefined> {
  try {
    const who = await exchange<Who>('/keys/validate', { key })
    if (!who.scopes.some((scope) => scope === 'read' || scope === 'admin')) return { status: 403, code: 'FORBIDDEN', title: 'This key may not read.' }
    remember(key, who)
    return undefined
  } catch (error) {
    return (error as Failure).problem
  }
}

export function SignIn() {
  const { farewell } = useHeld(session)
  const [problem, setProblem] = useState<Problem>()
  const [isWaiting, setWaiting] = useState(false)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const key = String(new FormData(event.target as HTMLFormElement).get('key') ?? '').trim()
    setWaiting(true)
    setProblem(await signIn(key))
    setWaiting(false)
  }
  return html`<main class="sign-in">
    <h1><span class="mark" aria-hidden="true"></span>Baton</h1>
    <p>The control plane of a fleet: who works on what, what waits, who decided, and why.</p>
    ${farewell && html`<p class="failed" role="alert">${farewell} Sign in again and you are where you were.</p>`}
    <form onSubmit=${submit}>
      <label for="key">API key</label>
      <input id="key" name="key" type="password" required autocomplete="current-password" spellcheck="false" placeholder="bk_…" autofocus />
      ${problem && html`<p class="failed" role="alert"><strong>${problem.code}</strong> ${problem.detail ?? problem.title}</p>`}
      <button type="submit" class="primary" disabled=${isWaiting}>${isWaiting ? 'Wait…' : 'Sign in'}</button>
    </form>
    <p class="hint">The admin's key of a start on this machine: <code>cat .baton/admin.key</code>. It stays in this tab and is sent to this origin alone.</p>
  </main>`
}

const pause_ms = 2_000
/** Why it is not yet known whose the key is. */
const obstacle = held<string | undefined>(undefined)

/** A key of an earlier visit of this tab is asked about once more: it is kept while nobody can say anything about it. */
export async function resume(): Promise<void> {
  for (;;) {
    const { key } = session.get()
    if (key === undefined) return
    const problem = await signIn(key)
    if (!problem) return
    const isPassing = problem.status === 0 || problem.status === 429 || problem.status >= 500
    if (!isPassing) return session.get().key === undefined ? undefined : forget(problem.detail ?? problem.title)
    obstacle.set(problem.detail ?? problem.title)
    await new Promise((resolve) => setTimeout(resolve, pause_ms))
  }
}

export function Resuming() {
  const text = useHeld(obstacle)
  return html`<main class="sign-in"><h1><span class="mark" aria-hidden="true"></span>Baton</h1>
    <p class="waiting" role="status">${text ? `${text} Trying again.` : ' '}</p>
    ${text && html`<p><button type="button" onClick=${() => forget()}>Sign out</button></p>`}</main>`
}
