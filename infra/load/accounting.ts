import { readdirSync, readFileSync } from 'node:fs'
import type pg from 'pg'

/** Clock ticks of Linux in a second, on every platform that Node runs on. */
const ticks_hz = 100

/** Processor time of a process, its children and those of them that have ended, in milliseconds, as the kernel accounts it. */
export function processor_ms(root: number): number {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => statOf(pid) ?? [])
  const family = new Set([root])
  for (let size = 0; size < family.size;) {
    size = family.size
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid)
  }
  return processes.filter(({ pid }) => family.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) * (1_000 / ticks_hz)
}

function statOf(pid: string) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program stands in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number)
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15)
    return { pid: Number(pid), parent: fields[1]!, ticks: utime + stime + cutime + cstime }
  } catch {
    // It has ended meanwhile; its time stands with its parent.
    return undefined
  }
}

export interface Statements {
  /** Without those that begin and end transactions. */
  readonly statements: number
  /** Begun by name; a statement on its own is none. */
  readonly transactions: number
}

/** What a database has been asked so far, by `pg_stat_statements`, which must have been loaded at its start. */
export async function statementsOf(db: pg.Client, database: string): Promise<Statements> {
  const { rows: [row] } = await db.query<{ statements: string; transactions: string }>(
    `select coalesce(sum(calls) filter (where query !~* '^\\s*(begin|commit|rollback|start transaction)'), 0) as statements,
       coalesce(sum(calls) filter (where query ~* '^\\s*(begin|start transaction)'), 0) as transactions
     from pg_stat_statements join pg_database on pg_database.oid = dbid where datname = $1`, [database])
  return { statements: Number(row!.statements), transactions: Number(row!.transactions) }
}

/** Processor time of each process so far, by name. */
export const accounts = (processes: Readonly<Record<string, { readonly pid: number }>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(processes).map(([name, { pid }]) => [name, processor_ms(pid)]))

/** What each took of so many, as a sentence, without those that took next to nothing. */
export const shares = (before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>, times: number): string =>
  Object.entries(spent(before, after)).filter(([, ms]) => ms / times >= 0.1).map(([name, ms]) => `${name} ${(ms / times).toFixed(1)}`).join(', ')

/** What was used between two looks, by name. */
export const spent = <Names extends string>(before: Readonly<Record<Names, number>>, after: Readonly<Record<Names, number>>) =>
  Object.fromEntries(Object.entries<number>(after).map(([name, value]) => [name, value - before[name as Names]])) as Record<Names, number>
