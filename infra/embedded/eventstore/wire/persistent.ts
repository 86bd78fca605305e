import { all, type Settings } from '../persistent/settings.ts'
import type { GroupName, GroupWish } from '../persistent/groups.ts'
import type { Nack } from '../persistent/group.ts'
import { readPosition, readStreamName, readUuid } from './fields.ts'
import { bytesField, lengthDelimited, messageField, numberField, Reader, varintField } from './protobuf.ts'
import { readFilter, readStreamOptions, readUuidOption, type FilterWish, type Start } from './read.ts'

/** Requests and answers of PersistentSubscriptions (persistent.proto). */

/** Every request is one message `options = 1`. */
function optionsOf(buffer: Buffer): Reader {
  const reader = new Reader(buffer)
  let options = new Reader(Buffer.alloc(0))
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(1)) options = reader.message()
    else reader.skip(tag)
  }
  return options
}

/** CreateReq and UpdateReq.Options { stream_identifier = 1 (deprecated), group_name = 2, settings = 3, stream = 4 | all = 5 } */
export function readGroupWish(buffer: Buffer): GroupWish {
  const reader = optionsOf(buffer)
  let [source, group, start] = ['', '', undefined as Start | undefined]
  let [filter, preparePosition] = [undefined as FilterWish | undefined, undefined as number | undefined]
  let isNamed = false
  let { revision, settings } = readSettings(new Reader(Buffer.alloc(0)))
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): source = readStreamName(reader.message()); isNamed = true; break
      case lengthDelimited(2): group = reader.string(); break
      case lengthDelimited(3): ({ revision, settings } = readSettings(reader.message())); break
      case lengthDelimited(4): ({ stream: source, start } = readStreamOptions(reader.message())); isNamed = true; break
      case lengthDelimited(5): source = all; ({ start, filter, preparePosition } = readAll(reader.message())); break
      default: reader.skip(tag)
    }
  }
  return { source, group, isNamed, filter, preparePosition, settings: { ...settings, start: start ?? revision } }
}

/** position = 1 | start = 2 | end = 3, filter = 4 | no_filter = 5 */
function readAll(reader: Reader): { readonly start: Start; readonly filter: FilterWish | undefined; readonly preparePosition: number | undefined } {
  let [start, filter, preparePosition] = ['start' as Start, undefined as FilterWish | undefined, undefined as number | undefined]
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): {
        const { commit, prepare } = readPosition(reader.message())
        start = commit
        preparePosition = prepare
        break
      }
      case lengthDelimited(2): reader.skip(tag); start = 'start'; break
      case lengthDelimited(3): reader.skip(tag); start = 'end'; break
      case lengthDelimited(4): filter = readFilter(reader.message()); break
      default: reader.skip(tag)
    }
  }
  return { start, filter, preparePosition }
}

const strategies = ['DispatchToSingle', 'RoundRobin', 'Pinned']
const ticks_per_ms = 10_000

/** How 6.2.1 says the end: the largest uint64, which a number holds only nearly. */
const end = 2 ** 64

function readSettings(reader: Reader): { readonly revision: Start; readonly settings: Omit<Settings, 'start' | 'strategy'> & { readonly strategy: string } } {
  let [revision, strategy, named] = ['start' as Start, '', 0]
  const numbers = new Map<number, number>()
  while (reader.more) {
    const tag = reader.varint()
    if (tag === varintField(2)) revision = startFrom(reader.varint())
    else if (tag === varintField(13)) named = reader.varint()
    else if (tag === lengthDelimited(16)) strategy = reader.string()
    else if ((tag & 7) === 0) numbers.set(tag >> 3, Number(reader.varint64()))
    else reader.skip(tag)
  }
  const of = (field: number) => numbers.get(field) ?? 0
  const settings = {
    resolvesLinks: of(1) !== 0, extraStatistics: of(3) !== 0, retries_max: of(5), checkpointCount_min: of(7), checkpointCount_max: of(8), subscribers_max: of(9),
    liveBufferSize: of(10), readBatchSize: of(11), historyBufferSize: of(12), strategy: strategy || (strategies[named] ?? String(named)),
    messageTimeout_ms: numbers.get(14) ?? of(4) / ticks_per_ms, checkpointAfter_ms: numbers.get(15) ?? of(6) / ticks_per_ms,
  }
  return { revision, settings }
}

const startFrom = (revision: number): Start => (revision >= end ? 'end' : revision)

/** Which fields of a request's options name the stream, `$all` and the group. */
interface NameFields {
  readonly stream: number
  readonly all: number
  readonly group: number
}

function readName(reader: Reader, fields: NameFields, other: (tag: number, reader: Reader) => void = (tag) => reader.skip(tag)): GroupName {
  let [source, group] = ['', '']
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(fields.stream)) source = readStreamName(reader.message())
    else if (tag === lengthDelimited(fields.all)) {
      reader.skip(tag)
      source = all
    } else if (tag === lengthDelimited(fields.group)) group = reader.string()
    else other(tag, reader)
  }
  return { source, group }
}

export const readDeleteGroup = (buffer: Buffer): GroupName => readName(optionsOf(buffer), { stream: 1, all: 3, group: 2 })
export const readGetInfo = (buffer: Buffer): GroupName => readName(optionsOf(buffer), { stream: 1, all: 2, group: 3 })

/** stop_at = 4 | no_limit = 5 */
export function readReplayParked(buffer: Buffer): GroupName & { readonly stopAt: number | undefined } {
  let stopAt: number | undefined
  const name = readName(optionsOf(buffer), { stream: 2, all: 3, group: 1 }, (tag, reader) => {
    if (tag === varintField(4)) stopAt = reader.varint()
    else reader.skip(tag)
  })
  return { ...name, stopAt }
}

/** list_all_subscriptions = 1 | list_for_stream = 2 { stream = 1 | all = 2 }; undefined for all of them. */
export function readList(buffer: Buffer): string | undefined {
  let source: string | undefined
  const reader = optionsOf(buffer)
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(2)) source = readName(reader.message(), { stream: 1, all: 2, group: 0 }).source
    else reader.skip(tag)
  }
  return source
}

export type ReadGroupReq =
  | { readonly kind: 'options'; readonly name: GroupName; readonly bufferSize: number; readonly structuresIds: boolean }
  | { readonly kind: 'ack'; readonly ids: readonly string[] }
  | { readonly kind: 'nack'; readonly ids: readonly string[]; readonly action: Nack; readonly reason: string }

/** ReadReq { options = 1 { stream_identifier = 1 | all = 5, group_name = 2, buffer_size = 3, uuid_option = 4 } | ack = 2 | nack = 3 } */
export function readReadGroupReq(buffer: Buffer): ReadGroupReq {
  const reader = new Reader(buffer)
  let request: ReadGroupReq = { kind: 'ack', ids: [] }
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(1)) request = readConsumerOptions(reader.message())
    else if (tag === lengthDelimited(2)) request = { kind: 'ack', ids: readAnswer(reader.message()).ids }
    else if (tag === lengthDelimited(3)) request = { kind: 'nack', ...readAnswer(reader.message()) }
    else reader.skip(tag)
  }
  return request
}

function readConsumerOptions(reader: Reader): ReadGroupReq {
  let [bufferSize, structuresIds] = [0, false]
  const name = readName(reader, { stream: 1, all: 5, group: 2 }, (tag, reader) => {
    if (tag === varintField(3)) bufferSize = reader.varint()
    else if (tag === lengthDelimited(4)) structuresIds = readUuidOption(reader.message()) === 'structured'
    else reader.skip(tag)
  })
  return { kind: 'options', name, bufferSize, structuresIds }
}

/** Unknown means the same as retry, stop the same as skip. */
const actions: readonly Nack[] = ['retry', 'park', 'retry', 'skip', 'skip']

/** ids = 2, action = 3, reason = 4 */
function readAnswer(reader: Reader): { readonly ids: readonly string[]; readonly action: Nack; readonly reason: string } {
  const ids: string[] = []
  let [action, reason] = [0, '']
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(2): ids.push(readUuid(reader.message())); break
      case varintField(3): action = reader.varint(); break
      case lengthDelimited(4): reason = reader.string(); break
      default: reader.skip(tag)
    }
  }
  return { ids, action: actions[action] ?? 'retry', reason }
}

/** ReadEvent { ..., retry_count = 5 }, behind what any read event has. */
export const retryCount = (retries: number): Buffer => numberField(5, retries)

export const subscriptionConfirmation = (key: string): Buffer => messageField(2, bytesField(1, key))

export interface ConnectionInfo {
  readonly from: string
  readonly name: string
  readonly perSecond: number
  readonly total: number
  readonly sinceMeasured: number
  readonly measurements: readonly (readonly [name: string, value: number])[]
  readonly free: number
  readonly inFlight: number
}

export interface GroupInfo {
  readonly name: GroupName
  readonly settings: Settings
  readonly status: string
  readonly start: string
  readonly connections: readonly ConnectionInfo[]
  readonly perSecond: number
  readonly total: number
  readonly sinceMeasured: number
  readonly checkpointed: string
  readonly known: string
  readonly readBuffer: number
  readonly retryBuffer: number
  readonly outstanding: number
  readonly parked: number
}

/** Whoever connects to a server that asks nobody who they are. */
const user = 'system'

const connection = (field: number, info: ConnectionInfo): Buffer => messageField(field,
  bytesField(1, info.from), bytesField(2, user), numberField(3, info.perSecond), numberField(4, info.total), numberField(5, info.sinceMeasured),
  ...info.measurements.map(([name, value]) => messageField(6, bytesField(1, name), numberField(2, value))),
  numberField(7, info.free), numberField(8, info.inFlight), bytesField(9, info.name))

/** SubscriptionInfo, at field 1 of GetInfoResp and, repeated, of ListResp. */
export const subscriptionInfo = ({ name, settings, ...info }: GroupInfo): Buffer => messageField(1,
  bytesField(1, name.source), bytesField(2, name.group), bytesField(3, info.status), ...info.connections.map((each) => connection(4, each)),
  numberField(5, info.perSecond), numberField(6, info.total), numberField(7, info.sinceMeasured), bytesField(8, info.checkpointed), bytesField(9, info.known),
  numberField(10, settings.resolvesLinks), bytesField(11, info.start), numberField(12, settings.messageTimeout_ms), numberField(13, settings.extraStatistics),
  numberField(14, settings.retries_max), numberField(15, settings.liveBufferSize), numberField(16, settings.historyBufferSize), numberField(17, settings.readBatchSize),
  numberField(18, settings.checkpointAfter_ms), numberField(19, settings.checkpointCount_min), numberField(20, settings.checkpointCount_max),
  numberField(21, info.readBuffer), numberField(22, 0), numberField(23, info.retryBuffer), numberField(24, info.outstanding), numberField(25, info.outstanding),
  bytesField(26, settings.strategy), numberField(27, settings.subscribers_max), numberField(28, info.parked))
