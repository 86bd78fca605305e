import { ANY, NO_STREAM, STREAM_EXISTS, type ProposedEvent } from '../contract.ts'

/** What the rules ask about a stream as it is with all appends before this one, durable or not. */
export interface Judged {
  /** Last revision, -1 for none. */
  readonly current: number
  readonly isTombstoned: boolean
  readonly isSoftDeleted: boolean
  /** The stream or, for it, its metadata stream holds events. */
  readonly hasMetadata: boolean
  /** Id of the event with this revision. */
  idAt(revision: number): string | undefined
  /** Revision in this stream of a recent event with this id. */
  revisionOf(id: string): number | undefined
}

export type Judgement =
  | { readonly kind: 'append' }
  /** The append was made before: `revision` is that of its last event. */
  | { readonly kind: 'repeated'; readonly revision: number }
  | { readonly kind: 'wrong-revision' }
  | { readonly kind: 'stream-deleted' }

const append = { kind: 'append' } as const
const wrong = { kind: 'wrong-revision' } as const
const deleted = { kind: 'stream-deleted' } as const

/** EventStoreDB's table of expected revisions and repetitions. */
export function judge(stream: Judged, expected: number, events: readonly Pick<ProposedEvent, 'id'>[]): Judgement {
  if (stream.isTombstoned) return deleted
  if (expected === STREAM_EXISTS) {
    if (stream.isSoftDeleted) return deleted
    if (stream.current < 0 && !stream.hasMetadata) return wrong
  }
  if (expected === ANY || expected === STREAM_EXISTS) return judgeByIds(stream, events)
  if (expected === stream.current) return append
  return expected > stream.current ? wrong : judgeByHistory(stream, expected, events)
}

/** Without a revision, recent ids tell whether the events are known. */
function judgeByIds({ revisionOf }: Judged, events: readonly Pick<ProposedEvent, 'id'>[]): Judgement {
  let revision = -1
  for (const [index, { id }] of events.entries()) {
    const known = revisionOf(id)
    if (known === undefined) return index === 0 ? append : wrong
    revision = known
  }
  return events.length === 0 ? append : { kind: 'repeated', revision }
}

/** Behind the head, the stored events must be the very ones that are sent. */
function judgeByHistory({ idAt, isSoftDeleted }: Judged, expected: number, events: readonly Pick<ProposedEvent, 'id'>[]): Judgement {
  for (const [index, { id }] of events.entries()) {
    if (idAt(expected + 1 + index) === id) continue
    return index === 0 && expected === NO_STREAM && isSoftDeleted ? append : wrong
  }
  return events.length === 0 ? wrong : { kind: 'repeated', revision: expected + events.length }
}
