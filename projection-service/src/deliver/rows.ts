import type { Pool, PoolClient } from 'pg'
import { stateOf, textOf } from 'shared-domain/kernel/state-text.ts'
import { dead_ms, delivered_ms, pending_max } from 'shared-domain/kernel/outlet.ts'
import { instant } from 'shared-domain/kernel/time.ts'
import type { Answered } from './posting.ts'

/** A fact on its way to a target. */
export interface DeliveryRow {
  readonly organization: string
  readonly target: string
  readonly event: string
  readonly position: bigint
  readonly stream: string
  readonly revision: number
  readonly type: string
}

export interface PendingRow extends DeliveryRow {
  readonly attempt: number
  readonly next_ms: number
}

export interface TargetRow {
  readonly organization: string
  readonly target: string
  readonly state: unknown
  readonly position: bigint
  readonly isLevel: boolean
  readonly failures: { readonly count: number; readonly since_ms: number | null }
  readonly lastSuccess_ms: number | null
}

type Db = Pool | PoolClient

const columns = <Row>(rows: readonly Row[], ...of: readonly ((row: Row) => unknown)[]) => of.map((read) => rows.map(read))

const at = (ms: number | null) => (ms === null ? null : instant(ms))

export async function savedPosition(db: Db, store: string): Promise<bigint | undefined> {
  const { rows: [row] } = await db.query<{ commit: string }>('select commit from delivered where store = $1', [store])
  return row && BigInt(row.commit)
}

export const savePosition = (db: Db, store: string, position: bigint) => db.query(
  'insert into delivered values ($1, $2) on conflict (store) do update set commit = excluded.commit', [store, String(position)])

/** What is there already stays as it is, unless it is wanted again. */
export async function saveRows(db: Db, rows: readonly DeliveryRow[], isAgain: boolean): Promise<void> {
  if (rows.length === 0) return
  const again = `on conflict (target, event) do update set state = 'PENDING', attempt = 0, next_at = null where delivery.state <> 'PENDING'`
  await db.query(`insert into delivery (organization, target, event, position, stream, revision, type, state)
    select *, 'PENDING' from unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::text[])
    ${isAgain ? again : 'on conflict do nothing'}`,
  columns(rows, (row) => row.organization, (row) => row.target, (row) => row.event, (row) => String(row.position), (row) => row.stream, (row) => row.revision, (row) => row.type))
}

/** Failures and successes are written with what they are of. */
export async function saveTargets(db: Db, targets: readonly Pick<TargetRow, 'organization' | 'target' | 'state' | 'position' | 'isLevel'>[]): Promise<void> {
  if (targets.length === 0) return
  await db.query(`insert into delivery_target (organization, target, state, position, is_level)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[])
    on conflict (target) do update set state = excluded.state, position = excluded.position, is_level = excluded.is_level`,
  columns(targets, (row) => row.organization, (row) => row.target, (row) => textOf(row.state), (row) => String(row.position), (row) => row.isLevel))
}

export async function forgetTarget(db: Db, target: string): Promise<void> {
  await db.query('delete from delivery_target where target = $1', [target])
  await db.query('delete from delivery_again where target = $1', [target])
  await db.query(`delete from delivery where target = $1 and state = 'PENDING'`, [target])
}

export async function allTargets(db: Db): Promise<readonly TargetRow[]> {
  const { rows } = await db.query(`select organization, target, state, position::text, is_level, failures, extract(epoch from failing_since) * 1000 as since,
    extract(epoch from last_success) * 1000 as success from delivery_target`)
  const number = (value: string | null) => (value === null ? null : Number(value))
  return rows.map((row) => ({
    organization: row.organization, target: row.target, state: stateOf(row.state), position: BigInt(row.position), isLevel: row.is_level,
    failures: { count: row.failures, since_ms: number(row.since) }, lastSuccess_ms: number(row.success),
  }))
}

export async function pendingRows(db: Db, target: string, events?: readonly string[]): Promise<readonly PendingRow[]> {
  const { rows } = await db.query(`select organization, target, event, position::text, stream, revision, type, attempt,
    coalesce(extract(epoch from next_at) * 1000, 0) as next from delivery where target = $1 and state = 'PENDING' and ($2::uuid[] is null or event = any($2))
    order by position limit ${2 * pending_max}`, [target, events ?? null])
  return rows.map(({ next, ...row }) => ({ ...row, position: BigInt(row.position), revision: Number(row.revision), next_ms: Number(next) }))
}

/** Sends again what was sent before, of these events. */
export async function wantAgain(db: Db, target: string, events: readonly string[]): Promise<readonly string[]> {
  const { rows } = await db.query<{ event: string }>(`update delivery set state = 'PENDING', attempt = 0, next_at = null
    where target = $1 and event = any($2) and state <> 'PENDING' returning event`, [target, events])
  return rows.map(({ event }) => event)
}

/** What became of one attempt, and how its target fares with it. */
export interface Attempt {
  readonly row: DeliveryRow
  readonly attempt: number
  readonly state: 'PENDING' | 'DELIVERED' | 'DEAD'
  readonly next_ms: number | null
  readonly at_ms: number
  readonly answered: Answered
}

export async function saveAttempts(db: Db, attempts: readonly Attempt[]): Promise<void> {
  await db.query(`update delivery set attempt = said.attempt, state = said.state, next_at = said.next_at, status = said.status, ms = said.ms, error = said.error,
      answer = said.answer, at = said.at
    from unnest($1::text[], $2::uuid[], $3::integer[], $4::text[], $5::timestamptz[], $6::integer[], $7::integer[], $8::text[], $9::text[], $10::timestamptz[])
      as said (target, event, attempt, state, next_at, status, ms, error, answer, at)
    where delivery.target = said.target and delivery.event = said.event`,
  columns(attempts, ({ row }) => row.target, ({ row }) => row.event, (one) => one.attempt, (one) => one.state, (one) => at(one.next_ms),
    ({ answered }) => answered.status, ({ answered }) => answered.ms, ({ answered }) => answered.error, ({ answered }) => answered.answer, (one) => at(one.at_ms)))
}

export async function saveHealth(db: Db, targets: readonly Pick<TargetRow, 'target' | 'failures' | 'lastSuccess_ms'>[]): Promise<void> {
  await db.query(`update delivery_target set failures = said.failures, failing_since = said.since, last_success = said.success
    from unnest($1::text[], $2::integer[], $3::timestamptz[], $4::timestamptz[]) as said (target, failures, since, success)
    where delivery_target.target = said.target`,
  columns(targets, (one) => one.target, (one) => one.failures.count, (one) => at(one.failures.since_ms), (one) => at(one.lastSuccess_ms)))
}

export async function forgetPast(db: Db, now_ms: number): Promise<void> {
  const past = (state: string, age_ms: number) => db.query('delete from delivery where state = $1 and at < $2', [state, instant(now_ms - age_ms)])
  await past('DELIVERED', delivered_ms)
  await past('DEAD', dead_ms)
}

/** What a target wants again of a part of the log. */
export interface Again {
  readonly event: string
  readonly target: string
  readonly at: bigint
  readonly to: bigint
  readonly looked: number
}

export const saveAgain = (db: Db, { event, target, at, to, looked }: Again, request: unknown) => db.query(
  `insert into delivery_again (event, target, at, "to", request, looked) values ($1, $2, $3, $4, $5, $6)
   on conflict (event) do update set at = excluded.at, looked = excluded.looked`,
  [event, target, String(at), String(to), JSON.stringify(request), looked])

export const forgetAgain = (db: Db, event: string) => db.query('delete from delivery_again where event = $1', [event])

export async function allAgain(db: Db): Promise<readonly (Again & { readonly request: any })[]> {
  const { rows } = await db.query('select event, target, at::text, "to"::text, request, looked from delivery_again order by event')
  return rows.map((row) => ({ ...row, at: BigInt(row.at), to: BigInt(row.to) }))
}

/** Has the command service carry something out, as if it had been due now. */
export const sendIntent = (db: Db, key: string, errand: object) => db.query(
  `insert into timer (key, due, position, intent) values ($1, now(), 0, $2) on conflict (key) do nothing`, [key, JSON.stringify(errand)])
