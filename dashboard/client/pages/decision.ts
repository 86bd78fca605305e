import { useState } from 'preact/hooks'
import { decisionDeeds } from '../council.ts'
import { exchange, type Failure } from '../http.ts'
import { hrefOf } from '../places.ts'
import { useQuery, type Page, type Positioned } from '../queries.ts'
import { barAt, sumsOf, wouldPass, type DecisionRow } from '../tally.ts'
import { html } from '../view.ts'
import { number, shortId, spaced } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Known } from '../parts/known.ts'
import { Orchestrator } from '../parts/name.ts'
import { Failed, Tile } from '../parts/tile.ts'
import { Ago, At } from '../parts/time.ts'
import { Timeline, useTimeline } from '../parts/timeline.ts'

interface Vote { readonly elector: string; readonly vote: string | null; readonly weight: string; readonly comment: string | null; readonly at: string; readonly ranking: readonly string[] | null; readonly carried_by: string | null; readonly changes: number }
interface Argument { readonly revision: number; readonly by: string; readonly side: string | null; readonly text: string; readonly dissent: boolean; readonly at: string }

export default function Decision({ id }: { readonly id: string }) {
  const decision = useQuery<DecisionRow & Positioned>(`/decisions/${id}`)
  const votes = useQuery<Page<Vote>>(`/votes?decision=${id}&limit=200`)
  const argued = useQuery<Page<Argument>>(`/arguments?decision=${id}&limit=200`)
  const timeline = useTimeline(`decision-${id}`)
  const { answer: row, failure } = decision
  if (!row && failure) return html`<h1 tabindex="-1">Decision</h1><${Failed} failure=${failure} again=${decision.again} />`
  const shown = timeline.revision === undefined ? undefined : { stream: `decision-${id}`, revision: timeline.revision }
  return html`<p class="trail"><a href=${hrefOf('/council')}>Council</a></p>
    <div class="head"><h1 tabindex="-1">${row?.title ?? 'Decision'}</h1>
      ${row && html`<p class="verdict"><${Badge} word=${row.status} />${row.status === 'pending' && html` <${Badge} word="" ...${wouldPass(row)} />`}</p>
        <div class="deeds buttons">${decisionDeeds(row, shown).map((deed) => html`<${Do} key=${deed.label} deed=${deed} />`)}${row.status !== 'pending' && html`<${Dossier} id=${id} />`}</div>`}</div>
    <div class="columns">
      <div class="stack">
        <${Tile} title="Tally" of=${decision}>${(one: DecisionRow) => html`<${Tally} row=${one} />`}<//>
        <${Tile} title="Electorate" of=${votes}>${({ items }: Page<Vote>) => html`<${Electorate} votes=${items} row=${row} />`}<//>
        <${Tile} title="Arguments and dissent" of=${argued} isEmpty=${({ items }: Page<Argument>) => items.length === 0} empty=${html`<p>Nobody has argued.</p>`}>
          ${({ items }: Page<Argument>) => html`<ul class="plain lines">${items.map(({ revision, by, side, text, dissent, at }) => html`<li key=${revision}><strong>${dissent ? 'Dissent' : side}</strong>
            <span class="beside"> ${shortId(by.replace(/^\w+:/, ''))}, <${Ago} at=${at} /></span><p class="prose">${text}</p></li>`)}</ul>`}<//>
      </div>
      <div class="stack"><${Timeline} of=${timeline} /></div>
    </div>`
}

function Tally({ row }: { readonly row: DecisionRow }) {
  const sums = row.ballot === 'sealed' && row.status === 'pending' ? undefined : sumsOf(row)
  const bar = barAt(row)
  const parts = sums ? ([['approve', sums.approve, 'good'], ['reject', sums.reject, 'bad'], ['abstain', sums.abstain, 'quiet'], [row.status === 'pending' ? 'not yet' : 'did not vote', sums.missing, 'open']] as const) : []
  const what = parts.map(([name, count]) => `${number(count)} ${name}`).join(', ')
  return html`${row.description && html`<p class="prose">${row.description}</p>`}
    ${sums && row.options === null && html`<div class="tally" role="img" aria-label=${what}>${parts.filter(([, count]) => count > 0).map(([name, count, tone]) => html`<span key=${name} class=${tone} style=${{ flexGrow: count }}></span>`)}
      ${bar !== undefined && html`<i style=${{ left: `${100 * bar}%` }}></i>`}</div>
    <p class="beside">${what}${row.weighing === 'weights' ? ', by weight' : ''}</p>`}
    <${Known} rows=${[
      ['Outcome', row.option ?? row.outcome], ['Protocol', spaced(row.protocol)],
      ['Passes with', { majority: 'more approvals than rejections', unanimous: 'everybody' }[row.protocol] ?? (row.options ? null : `${row.over ? 'more than ' : ''}${row.threshold} of ${row.protocol === 'weighted' ? 'all' : 'those who do not abstain'}`)],
      ['Quorum', `${row.quorum}${row.quorum_met ? ', met' : ', not met'}`], ['Voted', `${number(row.cast)} of ${number(row.electorate)}`], ['Options', row.options?.join(', ')],
      ['Deadline', row.deadline && html`<${At} at=${row.deadline} />, <${Ago} at=${row.deadline} />`], ['Effect', row.effect_state === 'none' ? null : row.effect_state],
      ['About', row.task && html`<a href=${hrefOf(`/tasks/${row.task}`)}>the task</a>`], ['Put by', /^[0-9a-f-]{36}$/.test(row.proposer) ? html`<${Orchestrator} id=${row.proposer} />` : row.proposer],
      ['Opened', html`<${At} at=${row.opened_at} />`], ['Ended', row.closed_at && html`<${At} at=${row.closed_at} />`], ['Turned out', row.result?.right], ['Id', html`<span class="id">${row.decision}</span>`],
    ]} />`
}

function Electorate({ votes, row }: { readonly votes: readonly Vote[]; readonly row: DecisionRow | undefined }) {
  const voted = new Set(votes.map(({ elector }) => elector))
  const missing = row?.electors.filter((elector) => !voted.has(elector)) ?? []
  return html`<div class="sideways" tabindex="0" role="region" aria-label="Electorate, table"><table class="small-table"><thead><tr><th scope="col">Elector</th><th scope="col">Vote</th><th scope="col" class="number">Weight</th><th scope="col">Comment</th><th scope="col">When</th></tr></thead>
    <tbody>${votes.map(({ elector, vote, weight, comment, at, ranking, carried_by, changes }) => html`<tr key=${elector}><td><${Orchestrator} id=${elector} /></td>
        <td>${vote ? html`<${Badge} word=${vote} tone=${{ APPROVE: 'good', REJECT: 'bad', ABSTAIN: 'quiet' }[vote]} />` : ranking ? ranking.join(' > ') : carried_by ? html`by <${Orchestrator} id=${carried_by} />` : 'sealed'}</td>
        <td class="number">${weight}</td><td>${comment}${changes > 0 && html` <span class="beside">changed ${changes === 1 ? 'once' : `${changes} times`}</span>`}</td><td><${Ago} at=${at} /></td></tr>`)}
      ${missing.map((elector) => html`<tr key=${elector}><td><${Orchestrator} id=${elector} /></td><td><span class="beside">${row?.status === 'pending' ? 'not yet' : 'did not vote'}</span></td><td></td><td></td><td></td></tr>`)}</tbody></table></div>`
}

/** Every fact of it with a seal, to be kept and checked elsewhere. */
function Dossier({ id }: { readonly id: string }) {
  const [failure, setFailure] = useState<Failure>()
  const fetchIt = async () => {
    try {
      const dossier = await exchange<object>(`/decisions/${id}/dossier`)
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob([JSON.stringify(dossier)], { type: 'application/json' }))
      link.download = `decision-${id}.json`
      link.click()
      URL.revokeObjectURL(link.href)
      setFailure(undefined)
    } catch (error) {
      setFailure(error as Failure)
    }
  }
  return html`<button type="button" onClick=${() => void fetchIt()}>Dossier</button>${failure && html`<${Failed} failure=${failure} />`}`
}
