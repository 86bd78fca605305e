import { styleText } from 'node:util'

/** How something is said: on a terminal with colours, unless NO_COLOR is set; plain elsewhere. */
const styled = (style: 'bold' | 'red' | 'green' | 'dim', text: string) => styleText(style, text, { stream: process.stdout })

export const heading = (text: string): string => styled('bold', text)
export const wrong = (text: string): string => styled('red', text)
export const well = (text: string): string => styled('green', text)

/** A value in one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return '-'
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(',')
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).replaceAll(/\s+/g, ' ')
}

const cell_max = 60

/** Rows in columns under their names; long texts are cut, ids are not. */
export function table(rows: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => cut(shown(row[column]))))
  const widths = columns.map((column, nth) => Math.max(column.length, ...cells.map((row) => row[nth]!.length)))
  const line = (row: readonly string[]) => row.map((cell, nth) => (nth === row.length - 1 ? cell : cell.padEnd(widths[nth]!))).join('  ')
  return [heading(line(columns)), ...cells.map(line)]
}

const cut = (text: string) => (text.length > cell_max ? `${text.slice(0, cell_max - 3)}...` : text)

/** The fields of an object, one in a line. */
export function sheet(row: Readonly<Record<string, unknown>>): readonly string[] {
  const width = Math.max(0, ...Object.keys(row).map(({ length }) => length))
  return Object.entries(row).map(([name, value]) => `${styled('dim', name.padEnd(width))}  ${shown(value)}`)
}
