import type { CompiledQuery } from 'kysely'
import type pg from 'pg'
import { answering, type Question, type Wanted } from 'shared-domain/kernel/question.ts'
import type { Asked, Grounds } from 'shared-domain/kernel/grounds.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { rowsFound } from './grounds.ts'
import { statementNames } from './prepared.ts'
import { askedFor, askedOver, type Statement } from './wall.ts'

type Find = (asked: Asked) => Promise<Omit<Grounds, 'digest'>>

/** Rows of an organization, looked for once, or several times as of one moment. */
export type Look = <T>(organization: string, isSeveralTimes: boolean, use: (find: Find) => Promise<T>) => Promise<T>

export const lookingIn = (pool: pg.Pool): Look => {
  const names = statementNames('look')
  return async (organization, isSeveralTimes, use) => {
    const asking = (isNamed: boolean) => {
      // Many small parts cost more to plan than to run.
      const statementOf = ({ sql: text, parameters: values }: CompiledQuery) => ({ text, values, name: isNamed ? names.of(text) : undefined })
      const find = (run: (statement: Statement) => Promise<readonly Row[]>): Find =>
        (asked) => rowsFound((query) => run(statementOf(query)))(organization, asked)
      if (!isSeveralTimes) return use(find((statement) => askedOver(pool, organization, statement)))
      return asOfOneMoment(pool, (one) => use(find((statement) => askedFor(one, organization, statement))))
    }
    try {
      return await asking(true)
    } catch (error) {
      if (!names.areOutlived(error)) throw error
      return asking(false)
    }
  }
}

async function asOfOneMoment<T>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const found = await use(client)
    await client.query('commit')
    client.release()
    return found
  } catch (error) {
    await client.query('rollback').then(() => client.release(), () => client.release(true))
    throw error
  }
}

/** Of two positions the one up to which both are right. */
export const earlier = (a: string, b: string): string => (BigInt(a) < BigInt(b) ? a : b)

/** The answer to a question, and the position up to which every fact is in it; undefined where there is nothing to tell of. */
export const answered = (look: Look, question: Question, organization: string, wanted: Wanted) =>
  look(organization, question.statements_max > 1, async (find): Promise<{ readonly body: Row; readonly position: string } | undefined> => {
    const course = answering(question, { ...wanted, tz: process.versions['tz'] })
    const positions: string[] = []
    let step = course.next()
    while (!step.done) {
      const { rows, position } = await find(step.value)
      positions.push(position)
      step = course.next(rows)
    }
    return step.value === undefined ? undefined : { body: step.value, position: positions.reduce(earlier) }
  })
