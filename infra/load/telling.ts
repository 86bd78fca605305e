/** What one measurement gave. */
export interface Line {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** Of the floor that was measured in the same run. */
  readonly ratio?: number
  readonly target?: string
}

/** Everything that was told so far. */
export const lines: Line[] = []

export function tell(what: string, value: number, unit: string, more: { ratio?: number; target?: string } = {}) {
  lines.push({ what, value, unit, ...more })
  const ratio = more.ratio === undefined ? '' : `${more.ratio.toFixed(2)} x`
  process.stdout.write(`${what.padEnd(58)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit.padEnd(9)} ${ratio.padStart(8)}  ${more.target ?? ''}\n`)
}
