import { api } from '../http.ts'
import { usePlace } from '../places.ts'
import { useQuery, type Positioned } from '../queries.ts'
import { html } from '../view.ts'
import { Tile } from '../parts/tile.ts'

/** The question behind a figure: as it is asked, and what it answers now. */
export default function Query() {
  const asked = usePlace().words.get('ask') ?? ''
  // Only below the API, whatever an address says.
  const path = /^\/[\w/.:~-]*(\?[^#]*)?$/.test(asked) && !asked.includes('..') && !asked.startsWith('//') ? asked : undefined
  const query = useQuery<Positioned>(path)
  if (path === undefined) return html`<h1 tabindex="-1">Query</h1><p>This address names no question.</p>`
  const line = `curl -s '${location.origin}${api}${path}' -H "Authorization: Bearer $BATON_KEY"`
  return html`<h1 tabindex="-1">Query</h1>
    <p>The same from a terminal, with the key in <code>BATON_KEY</code>:</p>
    <pre class="wide" tabindex="0">${line}</pre>
    <${Tile} title="Answer" of=${query}>${(answer: Positioned) => html`<pre class="wide" tabindex="0">${JSON.stringify(answer, undefined, 2)}</pre>`}<//>`
}
