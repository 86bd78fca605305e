import { definitionsOf, factOf } from 'shared-domain/kernel/stored.ts'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import type { Recorded } from 'shared-domain/kernel/fact.ts'
import { rowsOf as asked } from 'shared-domain/kernel/grounds.ts'
import type { FindRow, Push, RowWanted, Topics } from 'shared-domain/kernel/push.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import type { Positions } from 'shared-service/positions.ts'
import type { Database } from '../database.ts'
import type { Fact, Facts, Stored } from '../facts.ts'

/** What is said of one fact: under which topics, and what, each with its name. */
export interface Said {
  readonly organization: string
  readonly position: bigint
  readonly topics: ReadonlySet<string>
  readonly fact: Fact
  readonly pushes: readonly { readonly event: string; readonly payload: object }[]
}

interface Parts {
  readonly deciders: readonly Decider[]
  readonly facts: Facts
  readonly pushes: readonly Push[]
  readonly topics: Topics
  readonly database: Pick<Database, 'find'>
  readonly positions: Positions
}

export const everything = 'organization'

/** Makes of facts what listeners hear of them. Rows of all of them come by one statement; without them, after a while, only their ids. */
export function pushing({ deciders, facts, pushes, topics, database, positions }: Parts) {
  const definitions = definitionsOf(deciders)
  const byType = Map.groupBy(pushes.flatMap((push) => push.facts.map((type) => ({ type, push }))), ({ type }) => type)

  const recordedIn = (event: Stored): Recorded | undefined => {
    try {
      return factOf(event as never, definitions)
    } catch {
      return undefined
    }
  }

  async function rowsFor(organization: string, wanted: readonly RowWanted[], position: bigint): Promise<FindRow> {
    const byModel = Map.groupBy(wanted, ({ from }) => from)
    if (byModel.size === 0) return () => undefined
    try {
      await Promise.all([...byModel.keys()].map(({ name }) => positions.reached(name, position)))
      const parts = Object.fromEntries([...byModel].map(([from, some]) => {
        const ids = [...new Set(some.map(({ id }) => id))]
        return [from.name, asked(from, { columns: Object.keys(from.row.shape), where: { [from.key[0]!]: ids }, limit: ids.length } as never)]
      }))
      const { rows } = await database.find(organization, parts)
      const known = new Map(Object.entries(rows).flatMap(([name, some]) => some.map((row): [string, Row] => [`${name} ${row[[...byModel.keys()].find((model) => model.name === name)!.key[0]!]}`, row])))
      return ({ from, id }) => known.get(`${from.name} ${id}`)
    } catch {
      // They are behind, or cannot be asked for: the facts do not wait for them.
      return () => undefined
    }
  }

  /** `isHeard` says whether anybody of an organization listens, to more than bare facts. */
  return async (events: readonly Stored[], isHeard: (organization: string) => 'pushes' | 'facts' | undefined): Promise<readonly Said[]> => {
    const told = events.flatMap((event) => {
      const { organization } = (event.metadata ?? {}) as { organization?: string }
      if (organization === undefined || isHeard(organization) === undefined) return []
      const fact = facts.read(event, organization)
      return fact ? [{ organization, event, fact, recorded: recordedIn(event) }] : []
    })
    const finds = new Map<string, FindRow>()
    for (const [organization, some] of Map.groupBy(told, ({ organization }) => organization)) {
      if (isHeard(organization) !== 'pushes') continue
      const wanted = some.flatMap(({ recorded }) => (recorded ? (byType.get(recorded.type) ?? []).flatMap(({ push }) => push.rows(recorded)) : []))
      finds.set(organization, await rowsFor(organization, wanted, some.at(-1)!.event.position!.commit))
    }
    return told.map(({ organization, event, fact, recorded }) => {
      const find = finds.get(organization) ?? (() => undefined)
      return {
        organization, fact, position: event.position!.commit,
        topics: new Set([everything, ...(recorded ? topics.of(recorded, fact.recipient, find) : [])]),
        pushes: recorded && finds.has(organization) ? (byType.get(recorded.type) ?? []).map(({ push: { event, payload } }) =>
          ({ event, payload: { ...payload(recorded, find), position: fact.position, at: fact.at } })) : [],
      }
    })
  }
}
