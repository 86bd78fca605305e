import { z } from 'zod'
import { text } from '../../vocabulary.ts'

const bytes_max = 32 * 1024
const bytes = new TextEncoder()

const patterns = z.array(text(200)).max(100)
const amount = z.int().min(0)

/** What an orchestrator, with its daemons and agents, is to be and to do, and what it must not do. Nothing of it must be said. */
export const Document = z.strictObject({
  limits: z.strictObject({
    maxSessions: z.int().min(0).max(1_000),
    tokensPerSession: amount,
    /** In millionths of a currency unit. */
    costPerAction: amount,
  }).partial(),
  constraints: z.strictObject({
    forbiddenCommands: patterns, forbiddenPaths: patterns, forbiddenActions: patterns, requireApprovalFor: patterns,
  }).partial(),
  heuristics: z.strictObject({
    autoApprove: patterns, alwaysReject: patterns, requireConfirmation: patterns, escalate: patterns,
  }).partial(),
  operational: z.strictObject({ maxConcurrentConversations: z.int().min(0).max(1_000) }).partial(),
  mission: z.json(), vision: z.json(), values: z.json(), expertise: z.json(), responsibilities: z.json(), objectives: z.json(),
}).partial()
  .refine((said) => bytes.encode(JSON.stringify(said)).length <= bytes_max, { error: `is larger than ${bytes_max} bytes as JSON` })

export type Document = z.output<typeof Document>

/** What is limited by the tier of the orchestrator where its charter does not say. */
const limitsOfTier: Readonly<Record<number, NonNullable<Document['limits']>>> = { 2: { maxSessions: 10 }, 3: { tokensPerSession: 50_000 } }

export const withLimitsOf = (tier: number, document: Document): Document =>
  (limitsOfTier[tier] ? { ...document, limits: { ...limitsOfTier[tier], ...document.limits } } : document)
