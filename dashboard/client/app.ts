import { useEffect, useRef, useState } from 'preact/hooks'
import type { ComponentType } from 'preact'
import { announced } from './announcer.ts'
import { clock, useHeld } from './held.ts'
import { exchange, Failure } from './http.ts'
import { pageAt, pages, type PageEntry } from './pages.ts'
import { hrefOf, usePlace } from './places.ts'
import { askAllAgain, forgetAnswers, hearFact, wantAll, type Positioned } from './queries.ts'
import { forgetHeard, noteFact } from './recent.ts'
import { forget, session } from './session.ts'
import { helpIsOpen, shortcuts } from './shortcuts.ts'
import { Resuming, SignIn } from './sign-in.ts'
import { connection, follow, head } from './stream.ts'
import { theme, themes } from './theme.ts'
import { html } from './view.ts'
import { duration, position } from './words.ts'
import { DeedDialog } from './parts/deed.ts'
import { Orchestrator } from './parts/name.ts'
import { Failed } from './parts/tile.ts'

export function App() {
  const { key, who } = useHeld(session)
  if (key === undefined) return html`<${SignIn} />`
  if (who === undefined) return html`<${Resuming} />`
  return html`<${House} key=${key} />`
}

interface Listed { readonly model: string; readonly position: string }

/** L-63: one stream for all that a page shows, from where the read models are on. */
async function listen(isOver: () => boolean): Promise<() => void> {
  const { items } = await exchange<Positioned & { readonly items: readonly Listed[] }>('/position')
  const from = items.reduce((most, one) => (BigInt(one.position) > most ? BigInt(one.position) : most), 0n)
  if (isOver()) return () => undefined
  const end = follow(String(from), {
    fact(fact) {
      noteFact(fact)
      hearFact(fact)
    },
    missed: askAllAgain,
  })
  wantAll(String(from))
  return end
}

function House() {
  useEffect(() => {
    let isOver = false
    let end = () => {}
    const begin = () => listen(() => isOver).then((ending) => { end = ending }).catch(() => { if (!isOver) setTimeout(begin, 1_000) })
    void begin()
    return () => {
      isOver = true
      end()
      forgetAnswers()
      forgetHeard()
    }
  }, [])
  return html`<a class="skip" href="#main">To the content</a>
    <${Menu} />
    <${Content} />
    <${Help} />
    <${DeedDialog} />
    <${Announcer} />`
}

const Announcer = () => html`<p class="unseen" role="status" aria-live="polite">${useHeld(announced)}</p>`

const menu = pages.filter(({ letter }) => letter)

function Menu() {
  const { path } = usePlace()
  const [isOpen, setOpen] = useState(false)
  useEffect(() => setOpen(false), [path])
  const found = pageAt(path)?.entry
  const isHere = ({ path: one }: PageEntry) => one === (found?.under ?? found?.path)
  return html`<header class="side ${isOpen ? 'is-open' : ''}">
    <div class="brand"><a href=${hrefOf('/')}><span class="mark" aria-hidden="true"></span>Baton</a>
      <${Live} />
      <button type="button" class="menu" aria-expanded=${isOpen} aria-controls="menu" onClick=${() => setOpen(!isOpen)}>Menu</button></div>
    <nav id="menu" aria-label="Pages">
      <ul>${menu.map((entry) => html`<li key=${entry.path}>
        <a href=${hrefOf(entry.path)} aria-current=${isHere(entry) ? 'page' : undefined}>${entry.title}<kbd aria-hidden="true">g ${entry.letter}</kbd></a></li>`)}</ul>
      <${Whose} />
    </nav>
  </header>`
}

/** Whether what is shown is kept level with the log, in words. */
function Live() {
  const { state, since_ms } = useHeld(connection)
  const now_ms = useHeld(clock)
  const at = useHeld(head)
  const lost_ms = now_ms - since_ms
  const words = state === 'open' ? 'live' : lost_ms < 1_000 ? 'connecting' : `no connection for ${duration(lost_ms)}`
  return html`<p class="live ${state}" title=${`position ${at}`}><span class="sign" aria-hidden="true">${state === 'open' ? '●' : '○'}</span> ${words} <span class="beside">@${position(at)}</span></p>`
}

function Whose() {
  const { who } = useHeld(session)
  const chosen = useHeld(theme)
  if (!who) return null
  return html`<div class="whose">
    <p>${who.organization}<br />${who.actor.kind === 'orchestrator' ? html`<${Orchestrator} id=${who.actor.id} />` : who.actor.kind}
      <span class="beside"> may ${who.scopes.join(', ')}</span></p>
    <label>Theme <select onChange=${(event: Event) => theme.set((event.target as HTMLSelectElement).value as never)}>
      ${themes.map((one) => html`<option key=${one} value=${one} selected=${one === chosen}>${one}</option>`)}</select></label>
    <div class="buttons"><button type="button" onClick=${() => helpIsOpen.set(true)}>Keys</button>
    <button type="button" onClick=${() => forget()}>Sign out</button></div>
  </div>`
}

type Loaded = ComponentType<{ readonly id: string }>
const loaded = new Map<string, Loaded>()

function Content() {
  const { path } = usePlace()
  const found = pageAt(path)
  const [, again] = useState(0)
  const [failure, setFailure] = useState<Failure>()
  const Shown = found && loaded.get(found.entry.path)
  const main = useRef<HTMLElement>(null)
  const load = () => {
    if (!found || Shown) return
    setFailure(undefined)
    found.entry.load().then((module) => {
      loaded.set(found.entry.path, module.default)
      again((n) => n + 1)
    }, () => setFailure(new Failure({ status: 0, code: 'UNREACHABLE', title: 'This page cannot be loaded.' })))
  }
  useEffect(load, [found?.entry.path])
  const isFirst = useRef(true)
  useEffect(() => {
    document.title = found ? `${found.entry.title} · Baton` : 'Baton'
    // Who follows a link by keyboard goes on reading where the page begins.
    if (!isFirst.current) main.current?.querySelector('h1')?.focus()
    isFirst.current = false
  }, [path, Shown])
  return html`<main id="main" ref=${main} tabindex="-1">
    ${!found ? html`<h1 tabindex="-1">There is no such page</h1><p><a href=${hrefOf('/')}>To the first one</a></p>`
      : failure ? html`<h1 tabindex="-1">${found.entry.title}</h1><${Failed} failure=${failure} again=${load} />`
        : Shown ? html`<${Shown} key=${path} id=${found.id} />` : null}
  </main>`
}

function Help() {
  const isOpen = useHeld(helpIsOpen)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => { if (isOpen) dialog.current?.showModal() }, [isOpen])
  return html`<dialog ref=${dialog} aria-label="Keys" onClose=${() => helpIsOpen.set(false)}>
    <h2>Keys</h2>
    <table class="keys"><tbody>${[...shortcuts, ...menu.map(({ letter, title }) => [`g ${letter}`, title] as const)].map(([keys, what]) => html`<tr key=${keys}><th scope="row"><kbd>${keys}</kbd></th><td>${what}</td></tr>`)}</tbody></table>
    <form method="dialog" class="buttons" onSubmit=${(event: Event) => { event.preventDefault(); dialog.current?.close() }}><button autofocus>Close</button></form>
  </dialog>`
}
