import { Rejection } from 'shared-domain/kernel/decider.ts'
import type { AnyEvent } from 'shared-domain/kernel/fact.ts'
import type { Looking } from './looking.ts'
import { circumstancesOf, wishIn, type Run } from './request.ts'
import type { Entry } from './store/streams.ts'

/** Runs pure decisions. */
export const deciding = (looked: Looking) =>
  async function decided(entry: Entry, run: Run, age_max_ms: number): Promise<readonly AnyEvent[] | Rejection> {
    const { command, request } = run
    if (entry.organization !== undefined && entry.organization !== request.organization) return new Rejection('NOT_FOUND')
    if (request.expected !== undefined && request.expected !== entry.revision) return new Rejection('REVISION_MISMATCH', { revision: String(entry.revision) })
    const circumstances = circumstancesOf(run)
    return looked((look) => {
      const context = { ...circumstances, look }
      const decision = command.decide(entry.state, wishIn(entry.state, run), context)
      // What is true already, or refused, is so whoever says it with which words.
      return (Array.isArray(decision) && decision.length > 0 && request.guard?.(entry.state, context)) || decision
    }, age_max_ms)
  }
