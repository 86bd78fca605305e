import { clock } from '../held.ts'
import { lastDays, overDays, sums, type Day } from '../days.ts'
import { lazily } from '../lazily.ts'
import { html } from '../view.ts'
import { duration, number, percent } from '../words.ts'
import { Known } from './known.ts'

const Chart = lazily(() => import('./chart.ts').then((module) => module.Chart))

/** How somebody did, day by day. */
export function Did({ rows, count }: { readonly rows: readonly Day[]; readonly count: number }) {
  const days = lastDays(count, clock.get())
  const all = sums(rows)
  return html`<${Chart} label=${`Tasks of the last ${count} days`} days=${days} lines=${[
      { label: 'completed', tone: 'good', values: overDays(days, rows, (row) => row.completed) }, { label: 'failed', tone: 'bad', values: overDays(days, rows, (row) => row.failed) },
    ]} />
    <${Known} rows=${[
      ['Completed', number(all.completed)], ['Failed', number(all.failed)], ['Did well', all.share === undefined ? null : percent(all.share)], ['Took, on average', all.each_ms === undefined ? null : duration(all.each_ms)],
      ['Promises kept', all.met + all.violated > 0 ? `${number(all.met)} of ${number(all.met + all.violated)}` : null], ['Came from others', number(all.in)], ['Went to others', number(all.out)],
      ['Rated', all.rating === undefined ? null : `${number(all.rating)} of 5`], ['Tokens', all.tokens > 0 ? number(all.tokens) : null],
    ]} />`
}
