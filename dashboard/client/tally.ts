/** A row of /decisions, as far as pages show it. Weights are decimal text, shares fractions. */
export interface DecisionRow {
  readonly decision: string
  readonly type: string
  readonly title: string
  readonly description: string | null
  readonly task: string | null
  readonly proposer: string
  readonly status: 'pending' | 'approved' | 'rejected' | 'expired' | 'cancelled'
  readonly protocol: string
  readonly weighing: 'heads' | 'weights'
  readonly electorate: number
  readonly electors: readonly string[]
  readonly weight: string
  readonly quorum: string
  readonly threshold: string
  readonly over: boolean
  readonly cast: number
  readonly approvals: number
  readonly rejections: number
  readonly abstentions: number
  readonly approve_weight: string | null
  readonly reject_weight: string | null
  readonly cast_weight: string | null
  readonly quorum_met: boolean
  readonly deadline: string | null
  readonly outcome: string | null
  readonly options: readonly string[] | null
  readonly option: string | null
  readonly ballot: 'open' | 'sealed'
  readonly missing: readonly string[] | null
  readonly effect_state: string
  readonly extensions: number
  readonly opened_at: string
  readonly closed_at: string | null
  readonly result: { readonly right?: string; readonly note?: string | null } | null
}

export const shareOf = (text: string): number => {
  const [n, d = '1'] = text.split('/')
  return Number(n) / Number(d)
}

export interface Sums { readonly approve: number; readonly reject: number; readonly abstain: number; readonly missing: number; readonly all: number }

/** What counts, by heads or by weights; undefined while nobody may know. */
export function sumsOf(row: DecisionRow): Sums | undefined {
  if (row.weighing === 'heads') {
    const { approvals: approve, rejections: reject, abstentions: abstain, electorate: all } = row
    return { approve, reject, abstain, missing: Math.max(0, all - row.cast), all }
  }
  if (row.approve_weight === null || row.reject_weight === null || row.cast_weight === null) return undefined
  const [approve, reject, cast, all] = [row.approve_weight, row.reject_weight, row.cast_weight, row.weight].map(Number) as [number, number, number, number]
  return { approve, reject, abstain: Math.max(0, cast - approve - reject), missing: Math.max(0, all - cast), all }
}

const reaches = (part: number, whole: number, { threshold, over }: Pick<DecisionRow, 'threshold' | 'over'>) => {
  const [n, d = '1'] = threshold.split('/')
  const difference = part * Number(d) - Number(n) * whole
  return over ? difference > 0 : difference >= 0
}

const passes: Readonly<Record<string, (sums: Sums, row: DecisionRow) => boolean>> = {
  majority: ({ approve, reject }) => approve > reject,
  supermajority: ({ approve, reject }, row) => approve > 0 && reaches(approve, approve + reject, row),
  unanimous: ({ approve, all }) => approve === all,
  weighted: ({ approve, all }, row) => reaches(approve, all, row),
}

/** In a sentence whether it would pass if it ended now, as far as that can be told. */
export function wouldPass(row: DecisionRow): { readonly tone: 'good' | 'warn' | 'quiet'; readonly text: string } {
  const sums = sumsOf(row)
  if (row.ballot === 'sealed' || sums === undefined) return { tone: 'quiet', text: 'The ballot is sealed: nobody knows before it ends' }
  const rule = passes[row.protocol]
  if (!rule) return { tone: 'quiet', text: 'Ranked: the count at the end says which option' }
  if (!row.quorum_met) return { tone: 'warn', text: 'Would not pass: too few have voted' }
  return rule(sums, row) ? { tone: 'good', text: 'Would pass as it stands' } : { tone: 'warn', text: 'Would not pass as it stands' }
}

/** Where the bar of the threshold stands among all votes, as a share; undefined where it moves with the votes or there is none. */
export function barAt(row: DecisionRow): number | undefined {
  if (row.protocol === 'unanimous') return 1
  return row.protocol === 'weighted' ? shareOf(row.threshold) : undefined
}
