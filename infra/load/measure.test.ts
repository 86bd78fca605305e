import t from 'tap'
import { median, percentile } from './measure.ts'

t.test('the median of an even number of values lies halfway between the two in the middle', async (t) => {
  t.equal(median([3]), 3)
  t.equal(median([4, 1]), 2.5)
  t.equal(median([10, 2, 3]), 3, 'in whatever order they come')
  t.equal(median([8, 1, 4, 2]), 3)
  t.ok(Number.isNaN(median([])), 'of nothing there is none')
})

t.test('a percentile is the value that this share of all lie below', async (t) => {
  const values = [5, 1, 4, 2, 3, 6, 7, 8, 10, 9]
  t.same([0, 0.5, 0.9, 0.99, 1].map((share) => percentile(values, share)), [1, 6, 10, 10, 10])
  t.ok(Number.isNaN(percentile([], 0.5)))
})
