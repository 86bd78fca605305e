import { useState } from 'preact/hooks'
import { pathWith } from '../http.ts'
import { hrefOf, say, usePlace } from '../places.ts'
import { useQuery, type Page, type Positioned } from '../queries.ts'
import type { Fact } from '../stream.ts'
import { html } from '../view.ts'
import { number, position, sentence, shortId } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Actor } from '../parts/name.ts'
import { Tile } from '../parts/tile.ts'
import { At } from '../parts/time.ts'
import { Timeline, useTimeline } from '../parts/timeline.ts'

interface Latest extends Positioned { readonly items: readonly Fact[]; readonly next: string | null }
interface NotaryKeys extends Positioned { readonly items: readonly { readonly keyId: string; readonly publicKey: string; readonly since: string; readonly until: string | null }[] }
interface Ended { readonly decision: string; readonly title: string; readonly status: string; readonly closed_at: string }

/** Kinds of streams that are asked for most; any other is written out. */
const kinds = ['task', 'orchestrator', 'agent', 'decision', 'conflict', 'apiKey', 'capacity', 'schedule', 'charter', 'organization'] as const

export default function Audit() {
  const { words } = usePlace()
  const stream = words.get('stream') ?? ''
  return html`<div class="head"><h1 tabindex="-1">Audit</h1></div>
    <${Asked} stream=${stream} />
    ${stream === '' ? html`<div class="columns"><${Log} /><div class="stack"><${Proofs} /><${Keys} /></div></div>` : html`<${Thing} key=${stream} stream=${stream} />`}`
}

function Asked({ stream }: { readonly stream: string }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const id = String(form.get('id') ?? '').trim()
    say('stream', id === '' ? undefined : /^[a-zA-Z]+-/.test(id) && !/^[0-9a-f]{8}-/.test(id) ? id : `${form.get('kind')}-${id}`)
  }
  return html`<form class="filters" role="search" aria-label="Of what" onSubmit=${submit}>
    <div class="one"><label for="kind">Kind</label><select id="kind" name="kind">${kinds.map((kind) => html`<option key=${kind} value=${kind} selected=${stream.startsWith(`${kind}-`)}>${kind}</option>`)}</select></div>
    <div class="one wide"><label for="id">Id, or the whole name of a stream</label><input id="id" name="id" type="search" data-filter="" defaultValue=${stream.replace(/^[a-zA-Z]+-/, '')} size="40" autocomplete="off" spellcheck="false" /></div>
    <button type="submit">Show</button>${stream && html`<a href=${hrefOf('/audit')}>Everything</a>`}</form>`
}

function Thing({ stream }: { readonly stream: string }) {
  const timeline = useTimeline(stream)
  return html`<div class="stack"><p class="beside">Verify it against a replay of the log: <code>npm run -s baton -- audit replay ${stream}</code></p><${Timeline} of=${timeline} title=${stream} /></div>`
}

/** All that happened, the newest first, as far back as somebody wants. */
function Log() {
  const [before, setBefore] = useState<string>()
  const page = useQuery<Latest>(pathWith('/events/latest', { limit: '100', before }))
  return html`<${Tile} title="The log" of=${page} isEmpty=${({ items }: Latest) => items.length === 0} empty=${html`<p>Nothing has happened${before ? ' before this' : ' yet'}.</p>`}
    actions=${html`<span class="buttons tight">${before && html`<button type="button" class="small" onClick=${() => setBefore(undefined)}>Newest</button>`}
      ${page.answer?.next && html`<button type="button" class="small" onClick=${() => setBefore(page.answer!.next!)}>Older</button>`}${!before && html`<button type="button" class="small" onClick=${page.again}>Look again</button>`}</span>`}>
    ${({ items }: Latest) => html`<ul class="log">${items.map((fact) => html`<${Entry} key=${fact.position} fact=${fact} />`)}</ul>`}<//>`
}

function Entry({ fact }: { readonly fact: Fact }) {
  const { position: at, stream, revision, type, by, data, correlationId, imported } = fact
  return html`<li><details><summary><${At} at=${fact.at} /> <strong>${sentence(type)}</strong> <span class="beside">${stream.split('-', 1)[0]} ${shortId(stream.slice(stream.indexOf('-') + 1))}</span></summary>
    <p class="beside">@${position(at)}, revision ${number(revision)}, by <${Actor} ...${by} />${imported ? ', imported' : ''}${correlationId && html`, correlation <span class="id">${correlationId}</span>`}; <a href=${hrefOf('/audit', new URLSearchParams({ stream }))}>all of ${stream.split('-', 1)[0]}</a></p>
    <pre tabindex="0">${JSON.stringify(data, undefined, 2)}</pre></details></li>`
}

function Proofs() {
  const ended = useQuery<Page<Ended>>('/decisions?status=approved&status=rejected&status=expired&limit=50')
  return html`<${Tile} title="Decisions that prove themselves" of=${ended} isEmpty=${({ items }: Page<Ended>) => items.length === 0} empty=${html`<p>No question has ended yet.</p>`}>
    ${({ items }: Page<Ended>) => html`<ul class="plain lines">${items.map(({ decision, title, status, closed_at }) => html`<li key=${decision}><${Badge} word=${status} /> <a href=${hrefOf(`/decisions/${decision}`)}>${title}</a> <span class="beside"><${At} at=${closed_at} only="local" /></span></li>`)}</ul>
      <p class="hint">A dossier is kept from the page of its decision and checked offline: <code>npm run -s baton -- verify-decision FILE</code></p>`}<//>`
}

function Keys() {
  const keys = useQuery<NotaryKeys>('/notary/keys')
  return html`<${Tile} title="Keys that proofs are signed with" of=${keys} isEmpty=${({ items }: NotaryKeys) => items.length === 0} empty=${html`<p>None is known.</p>`}>
    ${({ items }: NotaryKeys) => html`<ul class="plain lines">${items.map(({ keyId, since, until }) => html`<li key=${keyId}><span class="id">${keyId.slice(0, 24)}…</span> <span class="beside">since <${At} at=${since} />${until && html`, until <${At} at=${until} />`}</span></li>`)}</ul>`}<//>`
}
