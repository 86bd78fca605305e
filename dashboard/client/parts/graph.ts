import { graphlib, layout } from '@dagrejs/dagre'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { hrefOf } from '../places.ts'
import { html } from '../view.ts'
import { spaced } from '../words.ts'

export interface GraphNode { readonly id: string; readonly text: string; readonly word: string; readonly href: string }
export interface GraphEdge { readonly from: string; readonly to: string }

interface Placed extends GraphNode { readonly x: number; readonly y: number }

const [width, height] = [176, 44]

/** Layers from left to right, so that what comes first stands first. */
function placed(nodes: readonly GraphNode[], edges: readonly GraphEdge[]) {
  const graph = new graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 44, marginx: 4, marginy: 4 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id } of nodes) graph.setNode(id, { width, height })
  for (const { from, to } of edges) graph.setEdge(from, to)
  layout(graph)
  const size = graph.graph() as { width?: number; height?: number }
  return {
    nodes: nodes.map((node): Placed => ({ ...node, ...graph.node(node.id) as unknown as { x: number; y: number } })),
    lines: edges.map(({ from, to }) => (graph.edge(from, to) as { points: readonly { x: number; y: number }[] }).points),
    width: size.width ?? width, height: size.height ?? height,
  }
}

const cut = (text: string) => (text.length > 24 ? `${text.slice(0, 23)}…` : text)

/** A graph, and the same as a table for whoever does not look at pictures. Scrolls within itself. */
export function Graph({ nodes, edges, current, label, says }: { nodes: readonly GraphNode[]; edges: readonly GraphEdge[]; current: string; label: string; says: readonly [from: string, to: string] }) {
  const shape = JSON.stringify([nodes.map(({ id }) => id), edges])
  const at = useMemo(() => placed(nodes, edges), [shape])
  const frame = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // Where it is too large to be seen whole, what it is about is in the middle.
    const node = at.nodes.find(({ id }) => id === current)
    if (node) frame.current?.scrollTo(node.x - frame.current.clientWidth / 2, node.y - frame.current.clientHeight / 2)
  }, [at])
  const now = new Map(nodes.map((node) => [node.id, node]))
  const textOf = (id: string) => now.get(id)?.text ?? id
  return html`<div class="graph" ref=${frame} tabindex="0" role="group" aria-label=${`${label}; the table below says the same`}>
    <svg width=${at.width} height=${at.height} viewBox=${`0 0 ${at.width} ${at.height}`} aria-hidden="true">
      <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" class="head" /></marker></defs>
      ${at.lines.map((points, n) => html`<polyline key=${n} points=${points.map(({ x, y }) => `${x},${y}`).join(' ')} marker-end="url(#arrow)" />`)}
      ${at.nodes.map(({ id, x, y }) => {
        const { text, word, href } = now.get(id) ?? { text: id, word: '', href: '' }
        return html`<a key=${id} href=${href} class=${`node ${word} ${id === current ? 'current' : ''}`} tabindex="-1"><title>${text}</title>
          <rect x=${x - width / 2} y=${y - height / 2} width=${width} height=${height} rx="5" />
          <text x=${x - width / 2 + 10} y=${y - 3}>${cut(text)}</text><text class="word" x=${x - width / 2 + 10} y=${y + 13}>${spaced(word)}</text></a>`
      })}
    </svg></div>
    <details><summary>As a table</summary><table class="small-table"><thead><tr><th scope="col">${says[0]}</th><th scope="col">${says[1]}</th></tr></thead>
      <tbody>${edges.map(({ from, to }) => html`<tr key=${`${from} ${to}`}><td><a href=${now.get(to)?.href ?? hrefOf('/')}>${textOf(to)}</a></td><td><a href=${now.get(from)?.href ?? hrefOf('/')}>${textOf(from)}</a></td></tr>`)}</tbody></table></details>`
}
