import { isDeepStrictEqual } from 'node:util'
import type { Asked, Grounds } from 'shared-domain/kernel/grounds.ts'
import { circumstancesOf, wishIn, type Run } from './request.ts'

/** The rows of an organization that are asked for, and where in the log they stand. */
export type FindRows = (organization: string, asked: Asked) => Promise<Grounds>

/** Finds the rows that a command rests on, if on any: once, unless it asks for others when its stream has moved on. */
export const grounding = (findRows: FindRows) =>
  async function grounded(run: Run, state: unknown): Promise<void> {
    const asked = run.command.grounds!(state, wishIn(state, run), circumstancesOf(run))
    if (isDeepStrictEqual(run.grounds?.asked, asked)) return
    const isAsking = Object.keys(asked).length > 0
    run.grounds = isAsking ? { asked, found: await findRows(run.request.organization, asked) } : undefined
  }
