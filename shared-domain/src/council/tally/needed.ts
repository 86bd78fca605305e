import { binary } from './binary.ts'
import { isRanked } from './ranked.ts'
import { reaches } from './share.ts'
import type { Rule, Standing } from './standing.ts'

/** Units of those who are missing that it still takes; null where none would do. */
export interface Needed { readonly quorum: bigint | null; readonly approve: bigint | null; readonly reject: bigint | null }

/** The least of 0 to most that does, of which every greater one does as well. */
function least(most: bigint, does: (units: bigint) => boolean): bigint | null {
  if (!does(most)) return null
  let [low, high] = [0n, most]
  while (low < high) {
    const middle = (low + high) / 2n
    if (does(middle)) high = middle
    else low = middle + 1n
  }
  return low
}

/**
 * What it still takes for the quorum, and so that it is surely approved or rejected however the others vote, the quorum and vetoers apart
 * (C-60). Of rankings only the quorum can be told so.
 */
export function needed(rule: Rule, { sums, cast }: Pick<Standing, 'sums' | 'cast'>): Needed {
  const { protocol } = rule
  const uncast = cast.all - cast.units
  // A quorum below one voter is one voter (C-11).
  const quorum = least(uncast, (units) => cast.units + units > 0n && reaches(cast.units + units, cast.all, rule.quorum))
  if (isRanked(protocol)) return { quorum, approve: null, reject: null }
  const { surelyApproves, surelyRejects } = binary[protocol]
  const { approve, reject, missing } = sums
  return {
    quorum,
    approve: least(missing, (units) => surelyApproves({ ...sums, approve: approve + units, missing: missing - units }, rule)),
    reject: least(missing, (units) => surelyRejects({ ...sums, reject: reject + units, missing: missing - units }, rule)),
  }
}
