import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { foundation, guarded, walled } from 'shared-service/wall.ts'

/** The command service's own tables. Numbered, applied once, never edited. */
export const migrations: readonly ((db: Kysely<any>) => Promise<unknown>)[] = [
  async (db) => {
    await sql`create table process_checkpoint (
      name text primary key, commit bigint not null, prepare bigint not null, updated_at timestamptz not null default now())`.execute(db)
    await sql`create table timer (
      key text primary key, due timestamptz not null, position bigint not null, intent jsonb not null, attempts integer not null default 0)`.execute(db)
    await sql`create index timer_due on timer (due)`.execute(db)
    await sql`create table failed_intent (
      event uuid not null, process text not null, index integer not null, stream text not null, error text not null,
      at timestamptz not null default now(), primary key (event, process, index))`.execute(db)
    await sql`create table choice_made (command_id uuid primary key, request text not null, target text not null, at timestamptz not null default now())`.execute(db)
    await sql`create table bootstrap (organization text primary key, at timestamptz not null default now())`.execute(db)
  },
  (db) => sql`create table followed_log (one boolean primary key default true check (one), first_event uuid not null)`.execute(db),
  async (db) => {
    await sql`drop table failed_intent`.execute(db)
    await sql`create table unread_fact (
      commit bigint primary key, stream text not null, type text not null, error text not null, at timestamptz not null default now())`.execute(db)
  },
  (db) => sql`create table kept_state (
    stream text primary key, domain text not null, state text not null, revision bigint not null, last text not null, position bigint not null,
    command text not null, organization text not null, commands bytea not null)`.execute(db),
  (db) => sql`alter table kept_state add column at timestamptz not null default now()`.execute(db),
  (db) => sql`create table key_use (
    organization text not null, key uuid not null, last timestamptz(3) not null, address text not null, count bigint not null,
    primary key (organization, key))`.execute(db),
  async (db) => {
    for (const part of [foundation, walled('key_use', 'key_use'), guarded('key_use')]) await sql.raw(part).execute(db)
  },
  async (db) => {
    await sql`create table signal (
      organization text not null, stream text collate "C" not null, name text collate "C" not null, no bigint not null,
      at timestamptz(3) not null, said jsonb not null, run integer not null, heard timestamptz(3) not null, until timestamptz,
      primary key (organization, stream, name, no))`.execute(db)
    await sql`create index signal_until on signal (until) where until is not null`.execute(db)
    for (const part of [walled('signal', 'signal'), guarded('signal')]) await sql.raw(part).execute(db)
  },
  (db) => sql`create index timer_beginning on timer (key text_pattern_ops)`.execute(db),
]
