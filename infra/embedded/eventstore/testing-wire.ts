import { randomUUID } from 'node:crypto'
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import type t from 'tap'
import { empty, streamIdentifier, uuid } from './wire/fields.ts'
import { bytesField, messageField, Reader } from './wire/protobuf.ts'

/** For tests: calls in bytes, for what no well-behaved client sends, and what clients only feel indirectly. */

export const streams = '/event_store.client.streams.Streams'
export const persistentSubscriptions = '/event_store.client.persistent_subscriptions.PersistentSubscriptions'

/** What a call came to: its answer, or the error that it ended with. */
export type Outcome<T> = T | ServiceError

export const asIs = (buffer: Buffer): Buffer => buffer

/** A connection that is closed when the test is over. */
export function calling({ teardown }: Pick<typeof t, 'teardown'>, port: number) {
  const raw = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.max_send_message_length': -1 })
  teardown(() => raw.close())

  /** A call with one answer. */
  const unary = (path: string, request: Buffer, metadata = new Metadata()): Promise<Outcome<Buffer>> =>
    new Promise((resolve) => raw.makeUnaryRequest(path, asIs, asIs, request, metadata, (error, answer) => resolve(error ?? answer!)))

  /** Streams.Append; without an end when `isLeftOpen`. */
  const append = (requests: readonly Buffer[], isLeftOpen = false): Promise<Outcome<Buffer>> => new Promise((resolve) => {
    const call = raw.makeClientStreamRequest(`${streams}/Append`, asIs, asIs, (error, answer) => resolve(error ?? answer!))
    call.on('error', () => undefined)
    for (const request of requests) call.write(request)
    if (!isLeftOpen) call.end()
  })

  /** Streams.Read, to its end. */
  const read = (request: Buffer): Promise<Outcome<readonly Buffer[]>> => new Promise((resolve) => {
    const answers: Buffer[] = []
    const call = raw.makeServerStreamRequest(`${streams}/Read`, asIs, asIs, request)
    call.on('data', (answer: Buffer) => answers.push(answer))
    call.on('error', resolve)
    call.on('end', () => resolve(answers))
  })

  /** A call both sides of which go on; what comes is gathered. */
  function conversation(path: string) {
    const call = raw.makeBidiStreamRequest(path, asIs, asIs)
    const answers: Buffer[] = []
    const over = new Promise<ServiceError | undefined>((resolve) => call.once('error', resolve).once('end', () => resolve(undefined)))
    call.on('data', (answer: Buffer) => answers.push(answer))
    return { call, answers, over }
  }

  return { raw, unary, append, read, conversation }
}

/** What an answer must be where an error is none. */
export function answered<T>(outcome: Outcome<T>): T {
  if (outcome instanceof Error) throw outcome
  return outcome
}

/** The fields of a message, by number, each as often as it came. */
export function fieldsOf(buffer: Buffer): ReadonlyMap<number, readonly (bigint | Buffer)[]> {
  const reader = new Reader(buffer)
  const fields = new Map<number, (bigint | Buffer)[]>()
  while (reader.more) {
    const tag = reader.varint()
    const value = (tag & 7) === 0 ? reader.varint64() : reader.bytes()
    const number = Math.floor(tag / 8)
    fields.set(number, [...fields.get(number) ?? [], value])
  }
  return fields
}

/** The message within messages that these fields lead to. */
export const within = (buffer: Buffer, ...path: readonly number[]): Buffer =>
  path.reduce((message, field) => fieldsOf(message).get(field)?.[0] as Buffer, buffer)

/** The same as plain values: text for what holds no message, numbers as they are. */
export const textsOf = (buffer: Buffer, field: number): readonly string[] => (fieldsOf(buffer).get(field) ?? []).map(String)

export const exception = (outcome: unknown): unknown => (outcome as ServiceError).metadata?.get('exception')[0]

/** How a call ended. */
export const codeOf = (outcome: unknown): status => (outcome instanceof Error ? (outcome as ServiceError).code : status.OK)

/** Trailers of an error, but for those of gRPC itself. */
export const trailersOf = (outcome: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries((outcome as ServiceError).metadata.getMap()).filter(([name]) => !['content-type', 'date'].includes(name)))

export const any = empty(4)
export const options = (stream: string, ...expected: readonly Buffer[]): readonly Buffer[] => [streamIdentifier(1, stream), ...expected]
export const property = (key: string, value: string): Buffer => messageField(2, bytesField(1, key), bytesField(2, value))
export const properties: readonly Buffer[] = [property('type', 'Happened'), property('content-type', 'application/json')]
export const proposed = (field: number, id: string = randomUUID(), ...more: readonly Buffer[]): Buffer =>
  messageField(field, uuid(1, id), ...(more.length > 0 ? more : properties))
