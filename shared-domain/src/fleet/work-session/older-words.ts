import { z } from 'zod'
import type { OlderWords } from '../../kernel/decider.ts'
import { sha256 } from '../../kernel/sha-256.ts'
import type { WorkSessionState } from './state.ts'

/** Of the daemon whose key it is. */
export const spawnedAs: OlderWords<WorkSessionState> = {
  route: 'POST /daemon/sessions', about: 'Of the daemon whose key it is.', caller: { kind: 'daemon', as: 'daemon' },
}

const statuses = ['running', 'paused', 'completed', 'failed', 'terminated'] as const
type Status = (typeof statuses)[number]

/** What the older words leave unsaid of an end. */
const unsaid: Readonly<Record<Status, (said: Readonly<Record<string, unknown>>) => object>> = {
  running: () => ({}),
  paused: () => ({}),
  completed: ({ outputTail = '' }) => ({ exitCode: 0, outputTail, outputDigest: sha256(String(outputTail)) }),
  failed: () => ({ kind: 'unknown', error: 'failed' }),
  terminated: () => ({ reason: 'terminated' }),
}

/** What may be said besides of each. */
const more: Readonly<Record<Status, Readonly<Record<string, z.ZodType>>>> = {
  running: {},
  paused: {},
  completed: { exitCode: z.int().optional(), outputTail: z.string().optional(), outputDigest: z.string().optional() },
  failed: { kind: z.string().optional(), error: z.string().optional() },
  terminated: { reason: z.string().optional() },
}

const Said = z.preprocess((said) => (typeof said === 'string' ? said.toLowerCase() : said), z.enum(statuses))

export const turnedInto = (status: Status): OlderWords<WorkSessionState> => ({
  route: 'PATCH /daemon/sessions/:id', about: `With \`status\` ${status}, by the key of a daemon.`,
  caller: { kind: 'daemon' },
  fields: { status: Said, ...more[status] },
  say: ({ status: _, ...said }) => ({ ...unsaid[status](said), ...said }),
  meant: (said) => Said.safeParse(said.status).data === status,
})
