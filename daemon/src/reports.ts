import { z } from 'zod'
import type { Document } from './api.ts'

const amount = z.int().min(0).max(1_000_000_000)

/** What a program may say of its work, on a line of its own. */
const Report = z.strictObject({
  progress: z.int().min(0).max(100),
  message: z.string().trim().min(1).max(1_000),
  artifact: z.object({ name: z.string().min(1).max(200), uri: z.string().min(1).max(2_000) }),
  /** Totals so far. */
  tokens: amount,
  cost: amount,
  output: z.json().refine((value) => JSON.stringify(value).length <= 65_536),
}).partial()
export type Report = z.output<typeof Report>

const mark = '::baton '

/** The report that a line is, if it is one. */
export function reportIn(line: string): Report | undefined {
  if (!line.startsWith(mark)) return undefined
  try {
    const said: unknown = JSON.parse(line.slice(mark.length))
    return Report.safeParse(said).data
  } catch {
    return undefined
  }
}

/** What a program has said of its work so far. */
export class Told {
  progress: number | undefined
  message: string | undefined
  tokens = 0
  cost = 0
  output: Document | undefined
  hasOutput = false
  readonly artifacts: { readonly name: string; readonly uri: string }[] = []
  /** There is progress that nobody was told of. */
  isFresh = false

  take({ progress, message, artifact, tokens, cost, output }: Report) {
    if (progress !== undefined || message !== undefined) this.isFresh = true
    this.progress = progress ?? this.progress
    this.message = message ?? this.message
    this.tokens = tokens ?? this.tokens
    this.cost = cost ?? this.cost
    if (output !== undefined) [this.output, this.hasOutput] = [output as Document, true]
    if (artifact && this.artifacts.length < 50) this.artifacts.push(artifact)
  }
}
