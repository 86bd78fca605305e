import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import type { Groups } from '../persistent/groups.ts'
import { readDeleteGroup, readGroupWish, readReplayParked } from '../wire/persistent.ts'
import { answering } from './answering.ts'

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void

const nothing: Buffer = Buffer.alloc(0)

/** Answers with an empty message when it is done. */
const done = (run: (request: Buffer) => Promise<void>): Unary => (call, callback) => answering(callback, async () => {
  await run(call.request)
  return nothing
})

/** PersistentSubscriptions.Create, Update, Delete, ReplayParked and RestartSubsystem: answered when what they change is durable. */
export const manageGroups = (groups: Groups): Readonly<Record<'create' | 'update' | 'delete' | 'replayParked' | 'restartSubsystem', Unary>> => ({
  create: done((request) => groups.create(readGroupWish(request))),
  update: done((request) => groups.update(readGroupWish(request))),
  delete: done((request) => groups.delete(readDeleteGroup(request))),
  replayParked: done(async (request) => {
    const { stopAt, ...name } = readReplayParked(request)
    // Answered at once: how long the replay takes depends on the consumers. A replay that fails leaves what is parked where it was.
    groups.find(name).replay(stopAt).catch(() => undefined)
  }),
  restartSubsystem: done(() => groups.restart()),
})
