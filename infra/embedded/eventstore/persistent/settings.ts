import type { FilterWish, Start } from '../wire/read.ts'

/** How a group spreads its events over its consumers. */
export const strategyNames = ['DispatchToSingle', 'RoundRobin', 'Pinned', 'PinnedByCorrelation'] as const
export type StrategyName = (typeof strategyNames)[number]

export const isStrategy = (name: string): name is StrategyName => strategyNames.some((one) => one === name)

export interface Settings {
  readonly resolvesLinks: boolean
  readonly extraStatistics: boolean
  /** From here on, inclusive: a revision, or a position where the group follows `$all`. */
  readonly start: Start
  /** Zero expires at the next tick. */
  readonly messageTimeout_ms: number
  readonly retries_max: number
  readonly checkpointAfter_ms: number
  readonly checkpointCount_min: number
  readonly checkpointCount_max: number
  /** Zero for any number. */
  readonly subscribers_max: number
  readonly liveBufferSize: number
  readonly readBatchSize: number
  readonly historyBufferSize: number
  readonly strategy: StrategyName
}

/** A group as it is kept in the log: who follows what, and how. */
export interface GroupConfig {
  /** A stream name, or `$all`. */
  readonly source: string
  readonly group: string
  readonly settings: Settings
  /** Only of `$all`; an update keeps it. */
  readonly filter: FilterWish | undefined
  /** Where the end was when the group was made to start from there, so that a restart before the first checkpoint skips nothing. */
  readonly endAt: number | undefined
}

export const all = '$all'

export const keyOf = ({ source, group }: { readonly source: string; readonly group: string }): string => `${source}::${group}`
export const checkpointStream = (key: string): string => `$persistentsubscription-${key}-checkpoint`
export const parkedStream = (key: string): string => `$persistentsubscription-${key}-parked`

/** Positions and revisions as they are shown and stored. */
export const placeText = (source: string, place: number): string => (source === all ? `C:${place}/P:${place}` : String(place))

export function placeFrom(text: string): number | undefined {
  const [, digits] = /^(?:C:)?(\d+)(?:\/P:\d+)?$/.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits)
}

export const startText = ({ source, settings: { start } }: GroupConfig): string =>
  (start !== 'end' ? placeText(source, start === 'start' ? 0 : start) : source === all ? 'C:-1/P:-1' : '-1')
