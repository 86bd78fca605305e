import { useState } from 'preact/hooks'
import { useQuery, type Positioned } from '../queries.ts'
import { html } from '../view.ts'
import { Tile } from './tile.ts'

/** A document that is asked for when somebody wants to read it. */
export function Opened({ title, about, path }: { readonly title: string; readonly about: string; readonly path: string }) {
  const [isOpen, setOpen] = useState(false)
  const document = useQuery<Positioned & Readonly<Record<string, unknown>>>(isOpen ? path : undefined)
  if (!isOpen) return html`<section class="tile" aria-label=${title}><header><h2>${title}</h2></header><p class="beside">${about} <button type="button" class="small" onClick=${() => setOpen(true)}>Show</button></p></section>`
  return html`<${Tile} title=${title} of=${document}>${({ position: _, ...parts }: Record<string, unknown>) => Object.entries(parts).map(([name, value]) => html`<details key=${name}><summary>${name} <span class="beside">${sizeOf(value)}</span></summary>
    <pre tabindex="0">${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}</pre></details>`)}<//>`
}

const sizeOf = (value: unknown) => (Array.isArray(value) ? String(value.length) : value === null ? 'none' : '')
