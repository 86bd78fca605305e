import { fileURLToPath } from 'node:url'

/** What pages are made of, and where it stands. */
export interface Site {
  readonly title: string
  /** Sources of the modules, style sheets and pictures. */
  readonly folder: string
  /** Below the folder: begins everything else. */
  readonly entry: string
  readonly styles: readonly string[]
  readonly icon: string
  /** Files by the names under which modules import them. */
  readonly libraries: Readonly<Record<string, string>>
}

const file = (url: string) => fileURLToPath(url)

export const site: Site = {
  title: 'Baton',
  folder: file(new URL('../client', import.meta.url).href),
  entry: 'main.ts',
  styles: ['style.css'],
  icon: 'icon.svg',
  libraries: {
    preact: file(import.meta.resolve('preact')),
    'preact/hooks': file(import.meta.resolve('preact/hooks')),
    htm: file(new URL('htm.module.js', import.meta.resolve('htm')).href),
    uplot: file(new URL('uPlot.esm.js', import.meta.resolve('uplot')).href),
    '@dagrejs/dagre': file(new URL('dagre.esm.js', import.meta.resolve('@dagrejs/dagre')).href),
  },
}
