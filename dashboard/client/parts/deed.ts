import { useEffect, useId, useRef } from 'preact/hooks'
import { begin, carryOut, isAsked, isOffered, underWay, type Deed, type Field } from '../deeds.ts'
import { useHeld } from '../held.ts'
import { useQuery, type Page } from '../queries.ts'
import { html } from '../view.ts'
import { sentence, spaced } from '../words.ts'
import { Actor } from './name.ts'
import { Failed } from './tile.ts'
import { Ago } from './time.ts'

/** A button for a deed; nothing where the key does not allow it. */
export function Do({ deed, className = '' }: { readonly deed: Deed; readonly className?: string }) {
  const current = useHeld(underWay)
  if (!isOffered(deed)) return null
  const isPending = current?.state === 'pending' && current.deed.path === deed.path && current.deed.label === deed.label
  return html`<button type="button" class=${className} aria-busy=${isPending} disabled=${isPending} onClick=${() => begin(deed)}>${deed.label}</button>`
}

/** Asks what a deed needs to be told, says what it led to when that is nothing good. One for all. */
export function DeedDialog() {
  const current = useHeld(underWay)
  const dialog = useRef<HTMLDialogElement>(null)
  const isOpen = current !== undefined && (current.state !== 'pending' || isAsked(current.deed))
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal()
    if (!isOpen && dialog.current?.open) dialog.current.close()
  }, [isOpen])
  const title = useId()
  const close = () => { if (underWay.get()?.state !== 'pending') underWay.set(undefined) }
  return html`<dialog ref=${dialog} aria-labelledby=${title} onCancel=${(event: Event) => {
    // It closes when its state says so: what a closing dialog tells comes late, and may find the next one begun.
    event.preventDefault()
    close()
  }}>
    ${current && html`<h2 id=${title}>${current.deed.label}</h2>
      ${current.deed.about && html`<p>${current.deed.about}</p>`}
      ${current.state === 'told' ? html`<${Secret} secret=${current.secret} close=${close} />` : current.state === 'failed' ? html`<${Refusal} ...${current} close=${close} />` : html`<${Form} deed=${current.deed} isPending=${current.state === 'pending'} close=${close} />`}`}
  </dialog>`
}

function Secret({ secret, close }: { readonly secret: string; readonly close: () => void }) {
  return html`<div><p>Shown now and never again:</p><pre>${secret}</pre>
    <div class="buttons"><button type="button" onClick=${() => void navigator.clipboard?.writeText(secret)}>Copy</button><button type="button" class="primary" onClick=${close}>I have kept it</button></div></div>`
}

function Refusal({ deed, failure, meanwhile, close }: { deed: Deed; failure: any; meanwhile?: readonly any[]; close: () => void }) {
  return html`<div>
    <${Failed} failure=${failure} />
    ${failure.problem.status === 412 && html`<p>It has changed since it was shown here. What happened meanwhile:</p>
      <ul class="plain">${meanwhile?.map(({ revision, type, at, by_kind, by_id }) => html`<li key=${revision}>${sentence(type)}, <${Actor} kind=${by_kind} id=${by_id} />, <${Ago} at=${at} /></li>`)}</ul>`}
    <div class="buttons">
      <button type="button" onClick=${close} autofocus>Close</button>
      ${failure.problem.status !== 412 && html`<button type="button" onClick=${() => (isAsked(deed) ? underWay.set({ deed, state: 'asking' }) : void carryOut(deed, {}))}>Try again</button>`}
    </div>
  </div>`
}

function Form({ deed, isPending, close }: { readonly deed: Deed; readonly isPending: boolean; readonly close: () => void }) {
  const { label, fields = [], warning } = deed
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void carryOut(deed, saidIn(new FormData(event.target as HTMLFormElement), fields))
  }
  return html`<form onSubmit=${submit}>
    ${fields.map((field) => html`<${Input} key=${field.name} field=${field} />`)}
    ${warning && html`<p class="warning"><span aria-hidden="true">▲ </span>${warning}</p>`}
    <div class="buttons">
      <button type="button" onClick=${close} disabled=${isPending}>Back</button>
      <button type="submit" class=${warning ? 'final' : 'primary'} disabled=${isPending} aria-busy=${isPending}>${isPending ? 'Wait…' : label}</button>
    </div>
  </form>`
}

const read: Partial<Record<NonNullable<Field['kind']>, (text: string) => unknown>> = {
  number: Number, instant: (text) => new Date(text).toISOString(), check: (text) => text === 'on',
  words: (text) => text.split(',').map((word) => word.trim()).filter(Boolean),
}

/** What was left empty is not said. */
function saidIn(form: FormData, fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.flatMap(({ name, kind = 'text' }) => {
    if (kind === 'orchestrators') return [[name, form.getAll(name)]]
    const text = String(form.get(name) ?? '')
    return text === '' ? [] : [[name, read[kind]?.(text) ?? text]]
  }))
}

function Input({ field: { name, label, kind = 'text', options = [], initial = '', isOptional = false, hint } }: { readonly field: Field }) {
  const id = useId()
  const about = { id, name, required: !isOptional, 'aria-describedby': hint ? `${id}-hint` : undefined }
  const shown = kind === 'long' ? html`<textarea ...${about} rows="4">${initial}</textarea>`
    : kind === 'choice' ? html`<${Choice} about=${about} options=${options} initial=${initial} isOptional=${isOptional} />`
      : kind === 'orchestrator' || kind === 'agent' ? html`<${Somebody} about=${about} kind=${kind} initial=${initial} isOptional=${isOptional} />`
        : kind === 'orchestrators' ? html`<${Electors} name=${name} id=${id} />`
        : kind === 'check' ? html`<input type="checkbox" ...${about} required=${false} />`
          : html`<input type=${{ number: 'number', instant: 'datetime-local' }[kind as string] ?? 'text'} step="any" ...${about} defaultValue=${initial} autocomplete="off" />`
  return html`<div class="field ${kind}"><label for=${id}>${label}${isOptional && html` <span class="beside">optional</span>`}</label>${shown}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}</div>`
}

/** Several by ticking them, which needs no key held down. */
function Electors({ name, id }: { readonly name: string; readonly id: string }) {
  const list = useQuery<Page<Record<string, string>>>('/orchestrators?limit=200')
  return html`<div class="ticks" id=${id} role="group">${list.answer?.items.filter((one) => one['status'] !== 'ARCHIVED').map((one) => html`<label key=${one['orchestrator']}><input type="checkbox" name=${name} value=${one['orchestrator']} /> ${one['name']}</label>`)}</div>`
}

function Choice({ about, options, initial, isOptional, named = spaced }: { about: object; options: readonly string[]; initial: string; isOptional: boolean; named?: (option: string) => string }) {
  return html`<select ...${about}>${isOptional && html`<option value=""></option>`}
    ${options.map((option) => html`<option key=${option} value=${option} selected=${option === initial}>${named(option)}</option>`)}</select>`
}

function Somebody({ about, kind, initial, isOptional }: { about: object; kind: 'orchestrator' | 'agent'; initial: string; isOptional: boolean }) {
  const list = useQuery<Page<Record<string, string>>>(`/${kind}s?limit=200`)
  if (!list.answer) return html`<select ...${about}></select>`
  const names = new Map(list.answer.items.map((one) => [one[kind]!, one['name']!]))
  return html`<${Choice} about=${about} options=${[...names.keys()]} initial=${initial} isOptional=${isOptional} named=${(id: string) => names.get(id) ?? id} />`
}
