import { clock, useHeld } from '../held.ts'
import { html } from '../view.ts'
import { ago, inFull, isUtc, local, utc } from '../words.ts'

/** When something was: in the viewer's zone, UTC beside, or for how long. */
export function At({ at, only }: { readonly at: string | null | undefined; readonly only?: 'local' }) {
  const now_ms = useHeld(clock)
  if (!at) return html`<span class="none">–</span>`
  const beside = isUtc || only ? null : html` <span class="beside">${utc(at, now_ms)}</span>`
  return html`<time datetime=${at} title=${inFull(at)}>${local(at, now_ms)}${beside}</time>`
}

export function Ago({ at }: { readonly at: string | null | undefined }) {
  const now_ms = useHeld(clock)
  if (!at) return html`<span class="none">–</span>`
  return html`<time datetime=${at} title=${inFull(at)}>${ago(at, now_ms)}</time>`
}
