import { Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { ANY, NO_STREAM, STREAM_EXISTS } from '../contract.ts'

/** An answer that is an error: a gRPC status and trailers, of which clients look at `exception` first. */
export class Refusal extends Error implements Partial<ServiceError> {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata

  constructor(code: status, details: string, trailers: Readonly<Record<string, string>> = {}) {
    super(details)
    this.code = code
    this.details = details
    this.metadata = new Metadata()
    for (const [name, value] of Object.entries(trailers)) this.metadata.set(name, printable(value))
  }
}

/** Trailers are ASCII; anything else would fail on its way out. */
const printable = (value: string): string => value.replace(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part))

export const streamDeleted = (stream: string) =>
  new Refusal(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, { exception: 'stream-deleted', 'stream-name': stream })

export const wrongExpectedVersion = (stream: string, expected: number, current: number) =>
  new Refusal(status.FAILED_PRECONDITION, `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${nameOf(expected)}, Actual version: ${current}`, {
    exception: 'wrong-expected-version', 'stream-name': stream, 'expected-version': String(expected), 'actual-version': String(current),
  })

const nameOf = (expected: number) => ({ [NO_STREAM]: 'NoStream', [ANY]: 'Any', [STREAM_EXISTS]: 'StreamExists' })[expected] ?? String(expected)

export const maximumAppendSizeExceeded = (size_max: number) =>
  new Refusal(status.INVALID_ARGUMENT, `Maximum Append Size of ${size_max} Exceeded.`, { exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(size_max) })

export const missingProperty = () =>
  new Refusal(status.INVALID_ARGUMENT, 'Required Metadata Property Missing', { exception: 'missing-required-metadata-property', 'required-metadata-properties': 'type,content-type' })

export const invalid = (details: string) => new Refusal(status.INVALID_ARGUMENT, details)

const subscription = (stream: string, group: string) => ({ 'stream-name': stream, 'group-name': group })

export const doesNotExist = (stream: string, group: string) =>
  new Refusal(status.NOT_FOUND, `Subscription group ${group} on stream ${stream} does not exist.`, { exception: 'persistent-subscription-does-not-exist', ...subscription(stream, group) })

export const exists = (stream: string, group: string) =>
  new Refusal(status.ALREADY_EXISTS, `Subscription group ${group} on stream ${stream} exists.`, { exception: 'persistent-subscription-exists', ...subscription(stream, group) })

export const failed = (stream: string, group: string, reason: string) =>
  new Refusal(status.INTERNAL, `Subscription group ${group} on stream ${stream} failed: '${reason}'`, { exception: 'persistent-subscription-failed', ...subscription(stream, group), reason })

export const dropped = (stream: string, group: string) =>
  new Refusal(status.CANCELLED, `Subscription group ${group} on stream ${stream} was dropped.`, { exception: 'persistent-subscription-dropped', ...subscription(stream, group) })

export const subscribersReached = (stream: string, group: string) =>
  new Refusal(status.FAILED_PRECONDITION, `Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`, {
    exception: 'maximum-subscribers-reached', ...subscription(stream, group),
  })

export const timedOut = () => new Refusal(status.ABORTED, 'Operation timed out.')

export const unavailable = (details: string) => new Refusal(status.UNAVAILABLE, details)
