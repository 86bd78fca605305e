import uPlot from 'uplot'
import { useEffect, useRef } from 'preact/hooks'
import { useHeld } from '../held.ts'
import { theme } from '../theme.ts'
import { html } from '../view.ts'
import { number } from '../words.ts'

export interface Line { readonly label: string; readonly values: readonly (number | null)[]; readonly tone: 'accent' | 'good' | 'bad' | 'warn' }

const height = 150

/** A canvas knows no variables of a style sheet: what a colour is in this theme is asked of an element that has it. */
function inkOf(within: HTMLElement, name: string): string {
  const probe = within.appendChild(document.createElement('span'))
  probe.className = `ink ${name}`
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** Lines over days, and the same figures as a table. */
export function Chart({ label, days, lines }: { readonly label: string; readonly days: readonly string[]; readonly lines: readonly Line[] }) {
  const chosen = useHeld(theme)
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const data = [days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1_000), ...lines.map(({ values }) => values)] as uPlot.AlignedData
  useEffect(() => {
    const element = frame.current!
    const draw = () => {
      plot.current?.destroy()
      const colour = (name: string) => inkOf(element, name)
      const axis = { stroke: colour('muted'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' }
      plot.current = new uPlot({
        width: element.clientWidth, height, legend: { show: false }, cursor: { show: false }, tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), 'Etc/UTC'),
        axes: [{ ...axis, values: (_, splits) => splits.map((at) => new Date(at * 1_000).toISOString().slice(5, 10)) }, { ...axis, size: 44 }],
        scales: { y: { range: (_, __, most) => [0, Math.max(1, most)] } },
        series: [{}, ...lines.map(({ label, tone }) => ({ label, stroke: colour(tone), width: 2, points: { size: 6 } }))],
      }, data, element)
    }
    draw()
    const watching = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    watching.observe(element)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', draw)
    return () => {
      watching.disconnect()
      scheme.removeEventListener('change', draw)
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [lines.map(({ label }) => label).join(), chosen])
  useEffect(() => { plot.current?.setData(data) })
  return html`<figure class="chart"><div ref=${frame} role="img" aria-label=${`${label}; the table below says the same`}></div>
    <figcaption class="legend">${lines.map(({ label, tone }) => html`<span key=${label} class=${tone}><span class="sign" aria-hidden="true">━</span> ${label}</span>`)}</figcaption></figure>
    <details><summary>As a table</summary><div class="sideways" tabindex="0" role="region" aria-label=${`${label}, table`}><table class="small-table"><thead><tr><th scope="col">Day (UTC)</th>${lines.map(({ label }) => html`<th key=${label} scope="col" class="number">${label}</th>`)}</tr></thead>
      <tbody>${days.map((day, n) => html`<tr key=${day}><td>${day}</td>${lines.map(({ label, values }) => html`<td key=${label} class="number">${values[n] === null || values[n] === undefined ? '–' : number(values[n])}</td>`)}</tr>`)}</tbody></table></div></details>`
}
