import { useEffect, useRef, useState } from 'preact/hooks'
import type { Filter } from '../filtered.ts'
import { say, usePlace } from '../places.ts'
import { useQuery, type Page } from '../queries.ts'
import { html } from '../view.ts'
import { spaced } from '../words.ts'

export function Filters({ filters }: { readonly filters: readonly Filter[] }) {
  const { words } = usePlace()
  const rare = filters.filter(({ isRare }) => isRare)
  const isSaid = ({ name }: Filter) => words.has(name)
  const set = filters.filter(isSaid)
  return html`<form class="filters" role="search" aria-label="Filters" onSubmit=${(event: Event) => event.preventDefault()}>
    ${filters.filter(({ isRare }) => !isRare).map((filter) => html`<${One} key=${filter.name} filter=${filter} />`)}
    ${rare.length > 0 && html`<details open=${rare.some(isSaid)}><summary>More filters</summary><div class="rare">${rare.map((filter) => html`<${One} key=${filter.name} filter=${filter} />`)}</div></details>`}
    ${set.length > 0 && html`<button type="button" class="plain" onClick=${() => { for (const { name } of set) say(name, undefined) }}>Clear</button>`}
  </form>`
}

function One({ filter }: { readonly filter: Filter }) {
  const { name, label, kind, options = [] } = filter
  const { words } = usePlace()
  const value = words.get(name) ?? ''
  const id = `filter-${name}`
  if (kind === 'several') {
    const chosen = words.getAll(name)
    return html`<fieldset class="several"><legend>${label}</legend>${options.map((option) => html`<button key=${option} type="button" class="small" aria-pressed=${chosen.includes(option)}
      onClick=${() => say(name, chosen.includes(option) ? chosen.filter((one) => one !== option) : [...chosen, option])}>${spaced(option)}</button>`)}</fieldset>`
  }
  const field = kind === 'search' || kind === 'words' ? html`<${Written} id=${id} filter=${filter} value=${value} />`
    : kind === 'day' ? html`<input id=${id} type="date" value=${value} onChange=${(event: Event) => say(name, (event.target as HTMLInputElement).value)} />`
      : kind === 'choice' ? html`<${Chosen} id=${id} name=${name} value=${value} options=${options.map((option) => [option, spaced(option)])} />`
        : html`<${Somebody} id=${id} filter=${filter} value=${value} />`
  return html`<div class="one"><label for=${id}>${label}</label>${field}</div>`
}

/** Asked when the writing rests. */
const rest_ms = 300

function Written({ id, filter: { name, kind, least }, value }: { id: string; filter: Filter; value: string }) {
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => setText(value), [value])
  const write = (event: Event) => {
    const { value } = event.target as HTMLInputElement
    setText(value)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => say(name, value), rest_ms)
  }
  return html`<input id=${id} type="search" value=${text} data-filter=${kind === 'search' ? '' : undefined} onInput=${write} autocomplete="off" spellcheck="false"
    placeholder=${least && least > 1 ? `${least} letters or more` : ''} />`
}

function Chosen({ id, name, value, options }: { id: string; name: string; value: string; options: readonly (readonly [string, string])[] }) {
  return html`<select id=${id} onChange=${(event: Event) => say(name, (event.target as HTMLSelectElement).value)}>
    <option value="" selected=${value === ''}>any</option>
    ${options.map(([option, words]) => html`<option key=${option} value=${option} selected=${option === value}>${words}</option>`)}</select>`
}

function Somebody({ id, filter: { name, kind }, value }: { id: string; filter: Filter; value: string }) {
  const list = useQuery<Page<Record<string, string>>>(`/${kind}s?limit=200`)
  const known = (list.answer?.items ?? []).map((one) => [one[kind]!, one['name']!] as const)
  const options = value === '' || known.some(([one]) => one === value) ? known : [...known, [value, value] as const]
  return html`<${Chosen} id=${id} name=${name} value=${value} options=${options} />`
}
