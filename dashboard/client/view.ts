import htm from 'htm'
import { h, type ComponentChildren, type VNode } from 'preact'

/** Markup as a tagged template; what stands in `${}` is always text, an attribute's value or a component. */
export const html = (htm as unknown as { bind(make: typeof h): unknown }).bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => VNode

export type Children = ComponentChildren
