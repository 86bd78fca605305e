import { useName } from '../directory.ts'
import { hrefOf } from '../places.ts'
import { useQuery, type Positioned } from '../queries.ts'
import { html } from '../view.ts'
import { shortId, spaced } from '../words.ts'

interface Wish { readonly id: string | null | undefined }

const named = (kind: 'orchestrator' | 'agent') => ({ id }: Wish) => {
  const name = useName(kind, id)
  if (!id) return html`<span class="none">–</span>`
  return html`<a href=${hrefOf(`/${kind}s/${id}`)} class=${name === undefined ? 'id' : ''}>${name ?? shortId(id)}</a>`
}

export const Orchestrator = named('orchestrator')
export const Agent = named('agent')

/** What a task is called, where only its id is known. */
export function TaskTitle({ id }: Wish) {
  const row = useQuery<Positioned & { readonly title: string }>(id ? `/tasks/${id}` : undefined)
  return html`${row.answer?.title ?? 'a task'}`
}

/** Who did something, as facts say it. */
export function Actor({ kind, id }: { readonly kind: string; readonly id: string }) {
  if (kind === 'orchestrator') return html`<${Orchestrator} id=${id} />`
  if (kind === 'agent') return html`<${Agent} id=${id} />`
  return html`<span>${kind}${kind === 'process' ? ` ${spaced(id.replace(/[A-Z]/g, (letter) => ` ${letter}`))}` : ''}</span>`
}
