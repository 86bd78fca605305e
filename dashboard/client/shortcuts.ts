import { held } from './held.ts'
import { go, hrefOf } from './places.ts'

export const helpIsOpen = held(false)

/** Lists that are worked on by keys: the one with the focus, else the first of the page. */
export interface Keyed {
  readonly element: () => HTMLElement | null
  move(by: 1 | -1): void
  open(): void
  toggle(): void
}

const lists = new Set<Keyed>()

export function register(list: Keyed): () => void {
  lists.add(list)
  return () => { lists.delete(list) }
}

const listInReach = () => [...lists].find((list) => list.element()?.contains(document.activeElement)) ?? [...lists][0]

const isTyped = (target: EventTarget | null) => target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable)

let isAfterG = false

export const shortcuts: readonly (readonly [keys: string, what: string])[] = [
  ['j / k', 'next, previous row'], ['Enter', 'open the row'], ['x', 'choose the row'], ['/', 'to the filter'], ['?', 'these keys'],
]

interface Reached { readonly path: string; readonly letter?: string }

export function listenToKeys(pages: readonly Reached[]) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyped(event.target) || document.querySelector('dialog[open]')) return
    if (take(pages, event.key, event.target as HTMLElement)) event.preventDefault()
  })
}

function take(pages: readonly Reached[], key: string, target: HTMLElement): boolean {
  if (isAfterG) {
    isAfterG = false
    const page = pages.find(({ letter }) => letter === key)
    if (page) go(hrefOf(page.path))
    return page !== undefined
  }
  const list = listInReach()
  switch (key) {
    case 'g': return isAfterG = true
    case '?': helpIsOpen.set(true); return true
    case '/': {
      const filter = document.querySelector<HTMLElement>('main [data-filter]')
      filter?.focus()
      return filter !== null
    }
    case 'j': list?.move(1); return list !== undefined
    case 'k': list?.move(-1); return list !== undefined
    case 'x': list?.toggle(); return list !== undefined
    // A link or a button with the focus has a meaning of its own.
    case 'Enter': if (!list || target.closest('a, button, summary') || !list.element()?.contains(target)) return false; list.open(); return true
    default: return false
  }
}
