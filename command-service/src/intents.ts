import type { FastifyBaseLogger } from 'fastify'
import { canonicalJson } from 'shared-domain/kernel/canonical-json.ts'
import { Rejection, scopes, type Decider } from 'shared-domain/kernel/decider.ts'
import type { Intent } from 'shared-domain/kernel/intent.ts'
import { reportOf } from 'shared-domain/kernel/report.ts'
import { v5 } from 'uuid'
import type { Handle, Outcome } from './request.ts'
import { pause } from 'shared-service/pause.ts'

/** An intent with the circumstances of the fact it answers. */
export interface Errand {
  readonly intent: Intent
  readonly process: string
  readonly commandId: string
  readonly organization: string
  readonly correlationId: string
  readonly causationId: string
  /** Set when the fact was imported: what follows from it happened then, too. */
  readonly importedAt?: string | undefined
}

const attempts_max = 4
const wait_max_ms = 5_000

/** The same report of the same errand is the same command; another one, after the errand went otherwise, is another. */
const reportId = ({ commandId }: Errand, { data }: Intent): string => v5(canonicalJson(data), commandId)

/**
 * Carries an errand out, and tells whoever wants to know what became of it; a refusal is an answer and final. What is not to be had now
 * is tried a few times, then it is the caller's to keep: throws what stood in the way.
 */
export const errands = (handle: Handle, deciders: readonly Decider[], log: FastifyBaseLogger) => {
  const byCategory = new Map(deciders.map((decider) => [decider.category, decider]))

  async function sent(intent: Intent, commandId: string, { process, organization, correlationId, causationId, importedAt }: Errand): Promise<Outcome> {
    const decider = byCategory.get(intent.category)!
    const outcome = await handle(decider, intent.command, decider.commands[intent.command]!.data.parse(intent.data), {
      id: intent.id, by: { kind: 'process', id: process }, actsFor: null, allowed: scopes, organization, at: importedAt ?? new Date().toISOString(), commandId, repeatable: true,
      correlationId, causationId, imported: importedAt !== undefined,
    })
    if (outcome instanceof Rejection) log.warn({ process, intent, code: outcome.code, detail: outcome.detail, correlationId }, 'an intent was refused')
    return outcome
  }

  return async (errand: Errand, signal: AbortSignal): Promise<void> => {
    const { intent, process, commandId } = errand
    for (let tries = 1; ; tries++) {
      try {
        const report = reportOf(intent, await sent(intent, commandId, errand))
        if (report) await sent(report, reportId(errand, report), errand)
        return
      } catch (error) {
        if (signal.aborted || tries >= attempts_max) throw error
        log.warn({ err: error, process, intent, tries }, 'an intent waits for another try')
        await pause(Math.min(wait_max_ms, 50 * 2 ** tries), signal)
      }
    }
  }
}
