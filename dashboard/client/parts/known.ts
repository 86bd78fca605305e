import { html, type Children } from '../view.ts'

/** What is known of a thing, name by name; what nobody said is left out. */
export function Known({ rows }: { readonly rows: readonly (readonly [name: string, value: Children, isShown?: boolean])[] }) {
  const shown = rows.filter(([, value, isShown]) => isShown ?? (value !== null && value !== undefined && value !== ''))
  return html`<dl class="known">${shown.map(([name, value]) => html`<div key=${name} class=${name === 'Id' ? 'whole' : ''}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}
