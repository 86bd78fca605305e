import { useEffect, useRef, useState } from 'preact/hooks'
import { register } from '../shortcuts.ts'

/** Rows of a list, walked through by j and k, opened by Enter, chosen by x; one of them is in the order of tabs. */
export function useRows(count: number, open: (n: number) => void, toggle: (n: number) => void = () => undefined) {
  const ref = useRef<HTMLElement>(null)
  const [at, setAt] = useState(0)
  const now = useRef({ at, count, open, toggle })
  now.current = { at, count, open, toggle }
  const rowAt = (n: number) => ref.current?.querySelector<HTMLElement>(`[data-row="${n}"]`)
  useEffect(() => register({
    element: () => ref.current,
    move(by) {
      const { at, count } = now.current
      const isWithin = ref.current?.contains(document.activeElement) ?? false
      const next = Math.min(Math.max(isWithin ? at + by : at, 0), count - 1)
      now.current.at = next
      setAt(next)
      rowAt(next)?.focus()
    },
    open: () => now.current.open(now.current.at),
    toggle: () => now.current.toggle(now.current.at),
  }), [])
  return {
    ref, at, setAt,
    row: (n: number) => ({ 'data-row': n, tabindex: n === Math.min(at, count - 1) ? 0 : -1, onFocusIn: () => setAt(n) }),
  }
}
