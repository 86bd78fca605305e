import type { Verification } from './verify.ts'

/** A verification, line by line. */
export function shownVerification({ events, elapsed_ms, models }: Verification): string[] {
  const lines = models.map(({ model, rows, position, difference, parked }) => {
    const verdict = difference ? 'DIFFERS' : parked.length > 0 ? `equal, but ${parked.length} streams are parked` : 'equal'
    return `  ${model.padEnd(20)} ${String(rows).padStart(8)} rows at ${position.padStart(12)}  ${verdict}`
  })
  for (const { difference } of models) {
    if (!difference) continue
    const { model, key, what, replay, table, event } = difference
    lines.push(`first difference in ${model}, row ${key}: ${what} is ${JSON.stringify(table)}, a replay says ${JSON.stringify(replay)}`)
    if (event) lines.push(`  made by ${event.type} (${event.id}), revision ${event.revision} of ${event.stream}, position ${event.position}`)
  }
  const rate = Math.round((events / Math.max(1, elapsed_ms)) * 1_000)
  return [`Read models against a replay of ${events} facts (${rate} facts/s):`, ...lines]
}
