import { useRef, useState } from 'preact/hooks'
import { clock, useHeld } from '../held.ts'
import { hrefOf } from '../places.ts'
import { useQuery, type Positioned } from '../queries.ts'
import { gist, heardLately, merged } from '../recent.ts'
import type { Fact } from '../stream.ts'
import { html } from '../view.ts'
import { plural, sentence, shortId, spaced } from '../words.ts'
import { Actor, Agent, Orchestrator } from './name.ts'
import { Tile } from './tile.ts'
import { At } from './time.ts'

interface Latest extends Positioned { readonly items: readonly Fact[] }

/** What happened last. It holds still while somebody reads it. */
export function Facts({ titleOf }: { readonly titleOf: (task: string) => string | undefined }) {
  const latest = useQuery<Latest>('/events/latest?limit=50')
  useHeld(clock)
  const [isHeld, setHeld] = useState(false)
  const kept = useRef<readonly Fact[]>([])
  const now = merged(latest.answer?.items ?? [], heardLately())
  if (!isHeld || kept.current.length === 0) kept.current = now
  const shown = kept.current
  const newest = shown[0]?.position
  const fresh = newest === undefined ? 0 : now.filter(({ position }) => BigInt(position) > BigInt(newest)).length
  return html`<${Tile} title="What happened last" of=${latest} className="facts" isEmpty=${() => now.length === 0} empty=${html`<p>Nothing has happened yet.</p>`}
    actions=${html`<span class="beside held">${isHeld && fresh > 0 ? `held still; ${plural(fresh, 'new fact')}` : ''}</span>`}>
    <ol class="feed" tabindex="0" aria-label="Facts, the newest first" onMouseEnter=${() => setHeld(true)} onMouseLeave=${() => setHeld(false)}
      onFocusIn=${() => setHeld(true)} onFocusOut=${() => setHeld(false)}>
      ${shown.map((fact) => html`<li key=${fact.position}><${At} at=${fact.at} only="local" />
        <span class="what">${sentence(fact.type)} <${Subject} fact=${fact} titleOf=${titleOf} /><span class="detail">${told(fact, titleOf)}</span></span>
        <span class="by"><${Actor} ...${fact.by} /></span></li>`)}
    </ol><//>`
}

/** What it says; not its title once more, where that stands there already. */
function told(fact: Fact, titleOf: (task: string) => string | undefined): string | undefined {
  const text = gist(fact)
  return fact.category === 'task' && text === titleOf(fact.id) ? undefined : text
}

function Subject({ fact: { category, id, recipient }, titleOf }: { readonly fact: Fact; readonly titleOf: (task: string) => string | undefined }) {
  if (category === 'task') return html`<a href=${hrefOf(`/tasks/${id}`)}>${titleOf(id) ?? shortId(id)}</a>`
  if (category === 'orchestrator') return html`<${Orchestrator} id=${id} />`
  if (category === 'agent') return html`<${Agent} id=${id} />`
  if (recipient !== null) return html`<${Orchestrator} id=${recipient} />`
  return html`<span class="beside">${spaced(category.replace(/[A-Z]/g, (letter) => ` ${letter}`))} ${shortId(id)}</span>`
}
