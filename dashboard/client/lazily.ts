import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { html } from './view.ts'

/** A component whose module is loaded when it is first shown. */
export function lazily(load: () => Promise<(props: any) => unknown>): (props: object) => unknown {
  let made: ComponentType | undefined
  return function Lazy(props: object) {
    const [, again] = useState(0)
    useEffect(() => {
      if (!made) void load().then((component) => {
        made = component as ComponentType
        again((n) => n + 1)
      }, () => undefined)
    }, [])
    return made ? html`<${made} ...${props} />` : html`<p class="waiting"> </p>`
  }
}
