import type { Criteria } from './criteria.ts'
import { byScore, type Scored } from './routing.ts'

const best_count = 32
const holders_count = 16
const pool_max = 200
/** So many teams are all looked at; of more, those that grow from the best. */
const teams_max = 20_000
const beam = 200

/** Some of a pool, whose members stand in its order. */
interface Team {
  /** Their places in the pool, growing. */
  readonly places: readonly number[]
  /** A bit for each skill that is covered. */
  readonly covered: number
  /** Hundredths, of which sums are exact. */
  readonly points: number
  readonly cost: number
}

/** The best of all, the best holders of each skill, and whoever is preferred. */
export function poolOf(candidates: readonly Scored[], { requiredCapabilities, preferredAgents }: Criteria): readonly Scored[] {
  const ranked = candidates.toSorted(byScore)
  const holders = requiredCapabilities.flatMap(({ skill }) => ranked.filter(({ held }) => held.includes(skill)).slice(0, holders_count))
  const preferred = ranked.filter(({ agent }) => preferredAgents.includes(agent.agent))
  return [...new Set([...ranked.slice(0, best_count), ...preferred, ...holders])].slice(0, pool_max).sort(byScore)
}

/** How many teams of a size there are, counted no further than it matters. */
export function teamsCount(among: number, size: number): number {
  let count = 1
  // As many leave some out as take some in, and up to the middle there are ever more.
  for (let taken = 0; taken < Math.min(size, among - size); taken++) {
    count = count * (among - taken) / (taken + 1)
    if (count > teams_max) return Infinity
  }
  return count
}

const bits = (mask: number): number => (mask === 0 ? 0 : (mask & 1) + bits(mask >>> 1))

const skillsOf = ({ agent: { capabilities } }: Scored) => new Set(capabilities.map(({ skill }) => skill))

/** How little two have in common, of all that either can. */
function apart(one: Scored, other: Scored): number {
  const [mine, theirs] = [skillsOf(one), skillsOf(other)]
  const all = new Set([...mine, ...theirs]).size
  return all === 0 ? 0 : 1 - [...mine].filter((skill) => theirs.has(skill)).length / all
}

/** The mean over all pairs. */
function complementarity(members: readonly Scored[]): number {
  const pairs = members.flatMap((one, index) => members.slice(index + 1).map((other) => apart(one, other)))
  return pairs.length === 0 ? 0 : pairs.reduce((total, value) => total + value, 0) / pairs.length
}

const idsOf = (members: readonly Scored[]) => members.map(({ agent }) => agent.agent).sort().join()

/** What teams are looked at, and whether those are all that there are. */
function* teamsOf(
  pool: readonly Scored[], size: number, grown: (team: Team, place: number) => Team, compare: (a: Team, b: Team) => number,
) {
  const isAll = teamsCount(pool.length, size) <= teams_max
  let teams: readonly Team[] = [{ places: [], covered: 0, points: 0, cost: 0 }]
  for (let missing = size; missing > 0; missing--) {
    const larger = teams.flatMap((team) => {
      const from = (team.places.at(-1) ?? -1) + 1
      const until = isAll ? pool.length - missing + 1 : pool.length
      return pool.slice(from, until).map((_, index) => grown(team, from + index))
    })
    teams = isAll ? larger : larger.sort(compare).slice(0, beam)
  }
  yield* teams
  return isAll
}

/** A team that covers all skills within the budget: of the least size that has one, the best. */
export function teamOf(
  candidates: readonly Scored[], criteria: Criteria, [min, max]: readonly [min: number, max: number], budget = Infinity,
): { readonly members: readonly Scored[]; readonly exact: boolean } | undefined {
  const { requiredCapabilities, strategy } = criteria
  const pool = poolOf(candidates, criteria)
  const maskOf = ({ held }: Scored) =>
    requiredCapabilities.reduce((mask, { skill }, bit) => mask | (held.includes(skill) ? 1 << bit : 0), 0)
  const masks = pool.map(maskOf)
  const everything = 2 ** requiredCapabilities.length - 1
  const membersOf = ({ places }: Team) => places.map((place) => pool[place]!)
  const grown = ({ places, covered, points, cost }: Team, place: number): Team => ({
    places: [...places, place], covered: covered | masks[place]!, points: points + Math.round(pool[place]!.score * 100),
    cost: cost + pool[place]!.cost,
  })
  const byIds = (a: Team, b: Team) => (idsOf(membersOf(a)) < idsOf(membersOf(b)) ? -1 : 1)
  const promising = (a: Team, b: Team) => bits(b.covered) - bits(a.covered) || b.points - a.points || a.cost - b.cost || byIds(a, b)
  const better = (a: Team, b: Team) => {
    const first = strategy === 'cost-optimized' ? a.cost - b.cost || b.points - a.points : b.points - a.points
    return first || complementarity(membersOf(b)) - complementarity(membersOf(a)) || a.cost - b.cost || byIds(a, b)
  }
  let exact = pool.length === candidates.length
  for (let size = min; size <= Math.min(max, pool.length); size++) {
    let best: Team | undefined
    const teams = teamsOf(pool, size, grown, promising)
    let step = teams.next()
    for (; !step.done; step = teams.next()) {
      const team = step.value
      if (team.covered === everything && team.cost <= budget && (!best || better(team, best) < 0)) best = team
    }
    exact &&= step.value
    if (best) return { members: membersOf(best), exact }
  }
  return undefined
}
