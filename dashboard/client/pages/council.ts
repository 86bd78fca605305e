import { approvalDeeds, conflictDeeds, type ApprovalRow, type ConflictRow } from '../council.ts'
import type { Deed } from '../deeds.ts'
import { go, hrefOf } from '../places.ts'
import { wouldPass, type DecisionRow } from '../tally.ts'
import { html } from '../view.ts'
import { number, spaced } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Lists, type Listed } from '../parts/lists.ts'
import { Orchestrator } from '../parts/name.ts'
import { Ago } from '../parts/time.ts'

interface WaitingVote { readonly elector: string; readonly decision: string; readonly title: string; readonly type: string; readonly weight: string; readonly deadline: string | null; readonly asked_at: string; readonly reminders: number }

const all = (deeds: readonly Deed[]) => html`<span class="buttons tight">${deeds.map((deed) => html`<${Do} key=${deed.label} deed=${deed} className="small" />`)}</span>`
const several = (ids: readonly string[]) => ids.map((id, n) => html`${n > 0 && ', '}<${Orchestrator} key=${id} id=${id} />`)

const lists: readonly Listed[] = [
  {
    word: 'decisions', title: 'Decisions', path: '/decisions', keyOf: ({ decision }) => decision, nameOf: ({ title }) => title, open: ({ decision }) => `/decisions/${decision}`,
    empty: html`<p>No question has been put yet: <code>POST /api/v1/decisions</code> {title, electorate}.</p>`,
    filters: [
      { name: 'status', label: 'Status', kind: 'several', options: ['pending', 'approved', 'rejected', 'expired', 'cancelled'] }, { name: 'protocol', label: 'Protocol', kind: 'choice', options: ['majority', 'supermajority', 'unanimous', 'weighted', 'instant_runoff', 'schulze'] },
      { name: 'type', label: 'Type', kind: 'choice', options: ['task_approval', 'decision', 'resource_allocation', 'priority_change', 'other'] }, { name: 'effect_state', label: 'Effect', kind: 'choice', options: ['none', 'pending', 'applied', 'failed'] },
    ],
    columns: [
      { name: 'title', title: 'Question', width: 'wide', shows: ({ decision, title }: DecisionRow) => html`<a href=${hrefOf(`/decisions/${decision}`)}>${title}</a>` },
      { name: 'status', title: 'Status', shows: ({ status }: DecisionRow) => html`<${Badge} word=${status} />` },
      { name: 'stands', title: 'Stands', shows: (row: DecisionRow) => (row.status === 'pending' ? html`<${Badge} word="" ...${wouldPass(row)} />` : html`<span class="beside">${row.option ?? row.outcome}</span>`) },
      { name: 'cast', title: 'Voted', isNumber: true, shows: ({ cast, electorate }: DecisionRow) => `${number(cast)} of ${number(electorate)}` },
      { name: 'protocol', title: 'Protocol', shows: ({ protocol }: DecisionRow) => spaced(protocol) },
      { name: 'deadline', title: 'Deadline', sort: 'deadline', shows: ({ deadline }: DecisionRow) => html`<${Ago} at=${deadline} />` },
      { name: 'opened_at', title: 'Opened', shows: ({ opened_at }: DecisionRow) => html`<${Ago} at=${opened_at} />` },
    ],
  },
  {
    word: 'votes', title: 'Votes waited for', path: '/waiting-votes', keyOf: ({ elector, decision }) => `${elector} ${decision}`, nameOf: ({ title }) => title, open: ({ decision }) => `/decisions/${decision}`,
    empty: html`<p>Nobody's vote is waited for.</p>`, filters: [{ name: 'elector', label: 'Elector', kind: 'orchestrator' }],
    columns: [
      { name: 'elector', title: 'Elector', shows: ({ elector }: WaitingVote) => html`<${Orchestrator} id=${elector} />` },
      { name: 'title', title: 'Question', width: 'wide', shows: ({ decision, title }: WaitingVote) => html`<a href=${hrefOf(`/decisions/${decision}`)}>${title}</a>` },
      { name: 'deadline', title: 'Deadline', sort: 'deadline', shows: ({ deadline }: WaitingVote) => html`<${Ago} at=${deadline} />` },
      { name: 'weight', title: 'Weight', isNumber: true, shows: ({ weight }: WaitingVote) => weight },
      { name: 'reminders', title: 'Reminded', isNumber: true, shows: ({ reminders }: WaitingVote) => number(reminders) },
      { name: 'asked_at', title: 'Asked', shows: ({ asked_at }: WaitingVote) => html`<${Ago} at=${asked_at} />` },
    ],
  },
  {
    word: 'conflicts', title: 'Conflicts', path: '/conflicts', keyOf: ({ conflict }) => conflict, nameOf: ({ subject }) => subject, empty: html`<p>Nobody stands in anybody's way.</p>`,
    filters: [
      { name: 'state', label: 'State', kind: 'several', options: ['OPEN', 'RESOLVED', 'DISMISSED'] }, { name: 'kind', label: 'Kind', kind: 'choice', options: ['resource', 'priority', 'dependency', 'ownership', 'deadline', 'other'] },
      { name: 'orchestrator', label: 'Among', kind: 'orchestrator' },
    ],
    columns: [
      { name: 'kind', title: 'About', shows: ({ kind, subject, tasks }: ConflictRow) => html`${kind} ${tasks[0] ? html`<a class="inline" href=${hrefOf(`/tasks/${tasks[0]}`)}>the task</a>` : html`<span class="beside">${subject}</span>`}` },
      { name: 'state', title: 'State', shows: ({ state }: ConflictRow) => html`<${Badge} word=${state} />` },
      { name: 'severity', title: 'Severity', shows: ({ severity }: ConflictRow) => html`<${Badge} word=${severity} />` },
      { name: 'who', title: 'Among', width: 'wide', shows: ({ orchestrators }: ConflictRow) => several(orchestrators) },
      { name: 'note', title: 'Note', shows: ({ note }: ConflictRow) => note ?? '' },
      { name: 'detected_at', title: 'Seen', sort: 'detected_at', shows: ({ detected_at }: ConflictRow) => html`<${Ago} at=${detected_at} />` },
      { name: 'deeds', title: 'Do', shows: (row: ConflictRow) => all(conflictDeeds(row)) },
    ],
  },
  {
    word: 'approvals', title: 'Approvals', path: '/approvals', keyOf: ({ approval }) => approval, nameOf: ({ envelope }) => envelope.action ?? 'an action', open: ({ orchestrator }) => `/orchestrators/${orchestrator}`,
    empty: html`<p>Nobody has asked to be let do anything.</p>`, filters: [{ name: 'status', label: 'Status', kind: 'several', options: ['PENDING', 'APPROVED', 'REJECTED', 'USED', 'EXPIRED'] }, { name: 'orchestrator', label: 'Asked by', kind: 'orchestrator' }],
    columns: [
      { name: 'action', title: 'Action', width: 'wide', shows: ({ envelope }: ApprovalRow) => html`<code>${[envelope.action, envelope.command, envelope.path].filter(Boolean).join(' ')}</code>` },
      { name: 'status', title: 'Status', shows: ({ status }: ApprovalRow) => html`<${Badge} word=${status} />` },
      { name: 'orchestrator', title: 'Asked by', shows: ({ orchestrator }: ApprovalRow) => html`<${Orchestrator} id=${orchestrator} />` },
      { name: 'signed', title: 'Signed', isNumber: true, shows: ({ approvers, needed }: ApprovalRow) => `${approvers.length} of ${needed}` },
      { name: 'reason', title: 'Why', shows: ({ reason }: ApprovalRow) => reason },
      { name: 'asked_at', title: 'Asked', shows: ({ asked_at }: ApprovalRow) => html`<${Ago} at=${asked_at} />` },
      { name: 'deeds', title: 'Do', shows: (row: ApprovalRow) => all(approvalDeeds(row)) },
    ],
  },
]

const put: Deed = {
  label: 'New question', path: '/decisions', done: (answer) => go(hrefOf(`/decisions/${answer['id']}`)),
  fields: [
    { name: 'title', label: 'Question' }, { name: 'description', label: 'What it is about', kind: 'long', isOptional: true }, { name: 'electorate', label: 'Electorate', kind: 'orchestrators' },
    { name: 'protocol', label: 'Protocol', kind: 'choice', options: ['majority', 'supermajority', 'unanimous'], initial: 'majority' }, { name: 'deadline', label: 'Deadline', kind: 'instant', isOptional: true, hint: 'In your zone.' },
  ],
}

export default function Council() {
  return html`<${Lists} title="Council" at="/council" lists=${lists} deeds=${[put]} />`
}
