import { held, useHeld } from './held.ts'

/** Where somebody is: a path below the place of all pages, and what is said behind the question mark. */
export interface Place {
  readonly path: string
  readonly words: URLSearchParams
}

const root = document.getElementById('app')?.dataset['place'] ?? '/app'

const current = (): Place => ({ path: location.pathname.slice(root.length).replace(/\/+$/, '') || '/', words: new URLSearchParams(location.search) })

export const place = held(current())
export const usePlace = () => useHeld(place)

export const hrefOf = (path: string, words: URLSearchParams | string = '') => {
  const said = String(words)
  return `${root}${path === '/' ? '' : path}${said === '' ? '' : `?${said}`}`
}

export function go(href: string) {
  history.pushState(null, '', href)
  place.set(current())
  scrollTo(0, 0)
}

/** Filters, order and columns stand in the address; changing them is no step that Back would take. */
export function say(name: string, value: string | readonly string[] | undefined) {
  const words = new URLSearchParams(location.search)
  words.delete(name)
  for (const one of [value ?? []].flat()) if (one !== '') words.append(name, one)
  history.replaceState(null, '', hrefOf(place.get().path, words))
  place.set(current())
}

/** Links within are followed without loading anew; whoever wants another tab gets it from the browser. */
export function followLinks() {
  addEventListener('popstate', () => place.set(current()))
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest?.('a')
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    if (link.target !== '' || link.origin !== location.origin || !(link.pathname === root || link.pathname.startsWith(`${root}/`))) return
    event.preventDefault()
    go(link.href)
  })
}
