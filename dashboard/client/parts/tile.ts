import { useEffect, useState } from 'preact/hooks'
import { lagOf, staleness } from '../due.ts'
import { clock, useHeld } from '../held.ts'
import type { Failure } from '../http.ts'
import { hrefOf } from '../places.ts'
import type { Shown } from '../queries.ts'
import { connection } from '../stream.ts'
import { html, type Children } from '../view.ts'
import { ago, duration, position } from '../words.ts'

/** Soon enough nothing is said of waiting: it would only flicker. */
const waiting_ms = 300

export function useIsLate(isWaiting: boolean): boolean {
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    setLate(false)
    if (!isWaiting) return undefined
    const timer = setTimeout(() => setLate(true), waiting_ms)
    return () => clearTimeout(timer)
  }, [isWaiting])
  return isWaiting && isLate
}

/** At which position a figure was computed, how far behind it is, and the question that gives it again. */
export function Computed({ of, what }: { readonly of: Shown<unknown>; readonly what: string }) {
  const now_ms = useHeld(clock)
  const { state, since_ms } = useHeld(connection)
  const { answered } = of.standing
  if (answered === undefined) return html`<span class="computed"> </span>`
  const stale = staleness(of.standing, state === 'lost' ? now_ms - since_ms : undefined, now_ms)
  const lag_ms = lagOf(of.standing, now_ms)
  const href = hrefOf('/query', new URLSearchParams({ ask: of.path }))
  return html`<span class="computed ${stale ? 'stale' : ''}">
    <a href=${href}><span class="unseen">${what}, computed </span>@${position(String(answered))}</a>
    ${' '}<span>${stale ?? (!of.isFollowed ? `asked ${ago(new Date(of.standing.asked_ms!).toISOString(), now_ms)}` : lag_ms === 0 ? 'level' : `${duration(lag_ms)} behind`)}</span>
  </span>`
}

interface Wishes {
  readonly title: string
  readonly of: Shown<any>
  /** Further questions that the tile shows something of. */
  readonly and?: readonly Shown<any>[]
  readonly empty?: Children
  readonly isEmpty?: (answer: any) => boolean
  readonly actions?: Children
  readonly className?: string
  readonly children: Children | ((answer: any) => Children)
}

/** A part of a page with a question behind it: waits, fails and is empty by itself, whatever becomes of the others. */
export function Tile({ title, of, and = [], empty, isEmpty, actions, className = '', children }: Wishes) {
  const { answer } = of
  const failed = [of, ...and].find(({ failure }) => failure)
  const isLate = useIsLate(answer === undefined && !failed)
  return html`<section class="tile ${className}" aria-label=${title} aria-busy=${isLate}>
    <header><h2>${title}</h2>${actions}<${Computed} of=${of} what=${title} /></header>
    ${failed && html`<${Failed} failure=${failed.failure!} again=${failed.again} />`}
    ${answer === undefined
      ? html`<p class="waiting">${isLate ? 'Loading…' : ' '}</p>`
      : isEmpty?.(answer) ? html`<div class="empty">${empty}</div>` : typeof children === 'function' ? children(answer) : children}
  </section>`
}

export function Failed({ failure: { problem }, again }: { readonly failure: Failure; readonly again?: () => void }) {
  return html`<div class="failed" role="alert">
    <p><strong>${problem.code}</strong> ${problem.detail ?? problem.title}</p>
    ${problem.errors && problem.errors.length > 0 && html`<ul>${problem.errors.map(({ pointer, message }) => html`<li><code>${pointer}</code> ${message}</li>`)}</ul>`}
    <p>${problem.correlationId && html`<span class="id">correlation id ${problem.correlationId}</span> `}
      ${again && html`<button type="button" onClick=${again}>Try again</button>`}</p>
  </div>`
}
