import type { Deed } from '../deeds.ts'
import { useQuery, type Positioned } from '../queries.ts'
import { may } from '../session.ts'
import { html } from '../view.ts'
import { number, spaced } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Known } from '../parts/known.ts'
import { Lists, type Listed } from '../parts/lists.ts'
import { Agent, Orchestrator } from '../parts/name.ts'
import { Failed, Tile } from '../parts/tile.ts'
import { Ago, At } from '../parts/time.ts'

interface Organization extends Positioned { readonly slug: string; readonly name: string; readonly zone: string; readonly status: string; readonly since: string; readonly settings: Readonly<Record<string, unknown>>; readonly set: Readonly<Record<string, unknown>> }
interface Key { readonly key: string; readonly orchestrator: string | null; readonly agent: string | null; readonly name: string; readonly prefix: string; readonly scopes: readonly string[]; readonly created_at: string; readonly expires_at: string | null; readonly revoked_at: string | null }
interface Webhook { readonly webhook: string; readonly status: string; readonly url: string; readonly types: readonly string[] | string; readonly reason: string | null; readonly cause: string | null; readonly registered_at: string }

const deeds = (all: readonly Deed[]) => html`<span class="buttons tight">${all.map((deed) => html`<${Do} key=${deed.label} deed=${deed} className="small" />`)}</span>`
const reason = { name: 'reason', label: 'Why', isOptional: true } as const

const keyDeeds = ({ key, name, revoked_at }: Key): readonly Deed[] => (revoked_at ? [] : [
  { label: 'Rotate', path: `/keys/${key}/rotate`, about: name, isSecret: true, fields: [{ name: 'overlap_s', label: 'Both are taken for so many seconds', kind: 'number', initial: '3600' }] },
  { label: 'Revoke', path: `/keys/${key}/revoke`, about: name, fields: [reason], warning: 'Whoever comes with it is refused, at once and for ever.' },
])

const webhookDeeds = ({ webhook, status, url }: Webhook): readonly Deed[] => (status === 'DELETED' ? [] : [
  status === 'ACTIVE' ? { label: 'Pause', path: `/webhooks/${webhook}/pause`, scope: 'admin', about: url, fields: [reason] } : { label: 'Resume', path: `/webhooks/${webhook}/resume`, scope: 'admin', about: url, fields: [{ name: 'from', label: 'From', kind: 'choice', options: ['kept', 'now'] }] },
  ...(status === 'ACTIVE' ? [{ label: 'Test', path: `/webhooks/${webhook}/test`, scope: 'admin', about: url }] : []),
  { label: 'Delete', method: 'DELETE', path: `/webhooks/${webhook}`, scope: 'admin', about: url, warning: 'Nothing is sent there any more.' },
])

const lists: readonly Listed[] = [
  {
    word: 'keys', title: 'Keys', path: '/keys', keyOf: ({ key }) => key, nameOf: ({ name }) => name, filters: [{ name: 'orchestrator', label: 'Of', kind: 'orchestrator' }, { name: 'agent', label: 'Of the agent', kind: 'agent' }], empty: html`<p>No key is like this.</p>`,
    columns: [
      { name: 'name', title: 'Key', width: 'wide', shows: ({ name, prefix }: Key) => html`${name} <span class="id beside">${prefix}…</span>` },
      { name: 'state', title: 'State', shows: ({ revoked_at, expires_at }: Key) => (revoked_at ? html`<${Badge} word="revoked" />` : expires_at && Date.parse(expires_at) < Date.now() ? html`<${Badge} word="expired" />` : html`<${Badge} word="valid" tone="good" />`) },
      { name: 'whose', title: 'Acts as', shows: ({ orchestrator, agent }: Key) => (agent ? html`<${Agent} id=${agent} />` : orchestrator ? html`<${Orchestrator} id=${orchestrator} />` : 'the organization') },
      { name: 'scopes', title: 'May', shows: ({ scopes }: Key) => scopes.join(', ') }, { name: 'created_at', title: 'Made', shows: ({ created_at }: Key) => html`<${Ago} at=${created_at} />` }, { name: 'expires_at', title: 'Ends', shows: ({ expires_at }: Key) => html`<${At} at=${expires_at} />` },
      { name: 'deeds', title: 'Do', shows: (key: Key) => deeds(keyDeeds(key)) },
    ],
  },
  {
    word: 'webhooks', title: 'Webhooks', path: '/webhooks', keyOf: ({ webhook }) => webhook, nameOf: ({ url }) => url, filters: [{ name: 'status', label: 'Status', kind: 'several', options: ['ACTIVE', 'PAUSED', 'DISABLED', 'DELETED'] }], empty: html`<p>Nothing is sent outside. <code>POST /api/v1/webhooks</code> {url, types}</p>`,
    columns: [
      { name: 'url', title: 'Address', width: 'wide', shows: ({ url }: Webhook) => html`<span class="id">${url}</span>` }, { name: 'status', title: 'Status', shows: ({ status, cause }: Webhook) => html`<${Badge} word=${status} tone=${status === 'ACTIVE' ? 'good' : status === 'DISABLED' ? 'bad' : 'quiet'} /> <span class="beside">${cause}</span>` },
      { name: 'types', title: 'Facts', shows: ({ types }: Webhook) => [types].flat().join(', ') }, { name: 'registered_at', title: 'Made', shows: ({ registered_at }: Webhook) => html`<${Ago} at=${registered_at} />` }, { name: 'deeds', title: 'Do', shows: (one: Webhook) => deeds(webhookDeeds(one)) },
    ],
  },
]

const made: readonly Deed[] = [
  { label: 'New key', path: '/keys', scope: 'admin', isSecret: true, about: 'Of the organization itself, for people and tools.', fields: [{ name: 'name', label: 'Name' }, { name: 'scopes', label: 'May', kind: 'words', initial: 'read', hint: 'read, write, execute, admin; separated by commas.' }] },
  { label: 'New webhook', path: '/webhooks', scope: 'admin', isSecret: true, fields: [{ name: 'url', label: 'Address', hint: 'https, and reachable by everybody.' }, { name: 'types', label: 'Facts', kind: 'words', initial: 'task.updated', hint: 'Types of facts, task.created, task.assigned, task.updated or task.completed; separated by commas.' }] },
]

export default function Settings() {
  const { failure, answer, again } = useQuery<Organization>('/organizations/self')
  return html`<${Lists} title="Settings" at="/settings" lists=${may('admin') ? lists : lists.slice(0, 1)} deeds=${made}>
    ${!answer && failure ? html`<${Failed} failure=${failure} again=${again} />` : html`<${Whole} />`}<//>`
}

function Whole() {
  const organization = useQuery<Organization>('/organizations/self')
  return html`<${Tile} title="Organization" of=${organization} className="heat">${({ name, slug, zone, status, since, settings, set }: Organization) => html`
    <${Known} rows=${[['Name', name], ['Word', slug], ['Zone', zone], ['Status', html`<${Badge} word=${status} tone=${status === 'ACTIVE' ? 'good' : 'bad'} />, since <${At} at=${since} />`]]} />
    <details><summary>Settings <span class="beside">${number(Object.keys(set).length)} of ${number(Object.keys(settings).length)} are the organization's own</span></summary>
      <div class="sideways" tabindex="0" role="region" aria-label="Settings, table"><table class="small-table"><thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">Set</th></tr></thead>
      <tbody>${Object.entries(settings).map(([key, value]) => html`<tr key=${key}><td>${spaced(key.replace(/([A-Z])/g, ' $1'))}</td><td><code>${JSON.stringify(value)}</code></td><td>${key in set ? 'here' : html`<span class="beside">as usual</span>`}</td></tr>`)}</tbody></table></div>
      <p class="hint"><code>POST /api/v1/organizations/self/configure</code> changes them.</p></details>`}<//>`
}
