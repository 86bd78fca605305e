import { clock, useHeld } from '../held.ts'
import { useEvery, useQuery, type Page, type Positioned } from '../queries.ts'
import { behind, heardLately } from '../recent.ts'
import { connection, head } from '../stream.ts'
import { html } from '../view.ts'
import { duration, number, plural, position } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Known } from '../parts/known.ts'
import { Orchestrator } from '../parts/name.ts'
import { Tile } from '../parts/tile.ts'
import { Ago } from '../parts/time.ts'

interface Checkpoint { readonly model: string; readonly version: number; readonly position: string }
interface Checkpoints extends Positioned { readonly items: readonly Checkpoint[] }
interface Webhook { readonly webhook: string; readonly status: string; readonly url: string; readonly cause: string | null }
interface Health extends Positioned { readonly behind: number; readonly pending: number; readonly dead: number; readonly lastSuccess: string | null }
interface Daemon { readonly daemon: string; readonly name: string; readonly orchestrator: string; readonly status: string; readonly last_seen: string | null }

const period_ms = 5_000

export default function Operations() {
  const checkpoints = useQuery<Checkpoints>('/position')
  useEvery(checkpoints, period_ms)
  const webhooks = useQuery<Page<Webhook>>('/webhooks?status=ACTIVE&status=PAUSED&status=DISABLED&limit=100')
  const daemons = useQuery<Page<Daemon>>('/daemons?status=UNHEALTHY&status=DRAINING&status=RUNNING&limit=200')
  const most = (items: readonly Checkpoint[]) => items.reduce((highest, one) => (BigInt(one.position) > highest ? BigInt(one.position) : highest), 0n)
  return html`<div class="head"><h1 tabindex="-1">Operations</h1></div>
    <div class="columns">
      <${Tile} title="Read models" of=${checkpoints}>${({ items }: Checkpoints) => {
        const end = most(items)
        return html`<p class="beside">${items.every((one) => BigInt(one.position) === end) ? `All ${items.length} are at ${position(String(end))}.` : `${plural(items.filter((one) => BigInt(one.position) < end).length, 'read model is', 'read models are')} behind the others.`}</p>
        <div class="sideways" tabindex="0" role="region" aria-label="Read models, table"><table class="small-table"><thead><tr><th scope="col">Read model</th><th scope="col" class="number">Version</th><th scope="col" class="number">Position</th><th scope="col">Stands</th></tr></thead>
          <tbody>${items.map(({ model, version, position: at }) => html`<tr key=${`${model} ${version}`}><td>${model}</td><td class="number">${version}</td><td class="number">${position(at)}</td>
            <td>${BigInt(at) === end ? html`<${Badge} word="level" tone="good" />` : html`<${Badge} word="behind" tone="warn" text=${`${number(end - BigInt(at))} behind`} />`}</td></tr>`)}</tbody></table></div>`
      }}<//>
      <div class="stack">
        <${Live} of=${checkpoints} />
        <${Tile} title="Webhooks" of=${webhooks} isEmpty=${({ items }: Page<Webhook>) => items.length === 0} empty=${html`<p>Nothing is sent outside. <code>POST /api/v1/webhooks</code> {url, types}</p>`}>
          ${({ items }: Page<Webhook>) => html`<ul class="plain lines">${items.map((one) => html`<${Delivers} key=${one.webhook} webhook=${one} />`)}</ul>`}<//>
        <${Tile} title="Daemons" of=${daemons} isEmpty=${({ items }: Page<Daemon>) => items.length === 0} empty=${html`<p>None is connected.</p>`}>
          ${({ items }: Page<Daemon>) => html`<ul class="plain lines">${items.map(({ daemon, name, orchestrator, status, last_seen }) => html`<li key=${daemon}><${Badge} word=${status} /> ${name}, for <${Orchestrator} id=${orchestrator} /> <span class="beside">seen <${Ago} at=${last_seen} /></span></li>`)}</ul>`}<//>
      </div>
    </div>`
}

/** How this page itself is doing: the stream that it hears, and what of it is in no read model yet. */
function Live({ of }: { readonly of: ReturnType<typeof useQuery<Checkpoints>> }) {
  const { state, since_ms } = useHeld(connection)
  const at = useHeld(head)
  const now_ms = useHeld(clock)
  return html`<${Tile} title="What this page hears" of=${of}>${({ position: least }: Checkpoints) => html`<${Known} rows=${[
    ['Stream', html`<${Badge} word=${state} tone=${state === 'open' ? 'good' : 'bad'} /> <span class="beside">for ${duration(now_ms - since_ms)}</span>`], ['Heard up to', position(at)],
    ['Read models are at', position(least)], ['Behind by', BigInt(least) >= BigInt(at) ? 'nothing' : duration(behind(least, heardLately(), now_ms))],
  ]} />`}<//>`
}

function Delivers({ webhook: { webhook, status, url, cause } }: { readonly webhook: Webhook }) {
  const health = useQuery<Health>(`/webhooks/${webhook}/health`)
  useEvery(health, period_ms)
  const { answer } = health
  return html`<li><${Badge} word=${status} text=${cause ? `disabled: ${cause}` : undefined} tone=${status === 'ACTIVE' ? 'good' : status === 'PAUSED' ? 'quiet' : 'bad'} /> <span class="id">${url}</span>
    ${answer && html`<span class="beside"> ${number(answer.pending)} wait, ${number(answer.dead)} given up, ${number(answer.behind)} facts behind; delivered <${Ago} at=${answer.lastSuccess} /></span>`}</li>`
}
