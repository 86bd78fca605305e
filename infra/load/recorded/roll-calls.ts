import { atEnd } from 'shared-domain/council/tally/outcome.ts'
import { shareOf } from 'shared-domain/council/tally/share.ts'
import { standingOf, type Rule } from 'shared-domain/council/tally/standing.ts'
import { idOf, rowsIn, type Recorded } from './recorded.ts'

type RollCall = Readonly<Record<'rcid' | 'session' | 'date' | 'short', string>>
type Vote = Readonly<Record<'rcid' | 'country_code' | 'vote', string>>

export interface RollCallQuestion extends Recorded {
  readonly session: string
  readonly yes: number
  readonly no: number
}

const votes = { y: 'APPROVE', n: 'REJECT', a: 'ABSTAIN' } as const
const minute_ms = 60_000
/** No deadline lies before 1970: the years are moved so that none does, by whole leap years. */
const years = 24

function begunAt(date: string): number {
  const day = new Date(date)
  return day.setUTCFullYear(day.getUTCFullYear() + years)
}

/** Roll calls of an assembly: whoever voted in the session may vote, each alike, and whoever was absent is missing. */
export function rollCalls(calls: string, ballots: string): readonly RollCallQuestion[] {
  const cast = Map.groupBy(rowsIn<keyof Vote>(ballots), ({ rcid }) => rcid)
  const rows = rowsIn<keyof RollCall>(calls)
  const members = new Map<string, Set<string>>()
  for (const { rcid, session } of rows) {
    const known = members.get(session) ?? new Set()
    members.set(session, known)
    for (const { country_code } of cast.get(rcid) ?? []) known.add(country_code)
  }
  const memberOf = (name: string) => ({ elector: idOf('member', name), name })
  return rows.map(({ rcid, session, date, short }, index) => {
    const mine = cast.get(rcid) ?? []
    const begun_ms = begunAt(date)
    const closedAt = new Date(begun_ms + minute_ms).toISOString()
    const of = (word: string) => mine.filter(({ vote }) => vote === word).length
    return {
      id: idOf('roll call', rcid), name: rcid, row: index + 2, session, at: new Date(begun_ms).toISOString(), closedAt, yes: of('y'), no: of('n'),
      electors: [...members.get(session)!].map(memberOf),
      asked: {
        title: `Roll call ${rcid}: ${short}`.slice(0, 200), type: 'other', protocol: 'majority', early: false, quorum: '1/2', deadline: closedAt,
        reminders_s: [],
      },
      ballots: mine.map(({ country_code, vote }) =>
        ({ elector: memberOf(country_code).elector, vote: votes[vote as keyof typeof votes], at: new Date(begun_ms + 1).toISOString() })),
    }
  })
}

/** How a roll call ends by the domain's own counting, without a log: by a majority of heads, or by a share of yes and no. */
export function counted({ electors, ballots }: RollCallQuestion, { threshold }: { readonly threshold?: string }): string {
  const rule: Rule = {
    protocol: threshold === undefined ? 'majority' : 'supermajority', weighing: 'heads', threshold: shareOf(threshold ?? '1/2'), over: false,
    quorum: shareOf('1/2'), quorumBy: 'heads', vetoers: new Set(), options: null, early: false,
  }
  const electorate = new Map(electors.map(({ elector }) => [elector, { weight: 1n, proxy: null }]))
  const cast = new Map(ballots.map(({ elector, vote }) => [elector, { vote, ranking: null }]))
  return atEnd(rule, standingOf(rule, electorate, cast)).status
}
