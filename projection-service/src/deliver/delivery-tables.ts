import { guarded, walled } from 'shared-service/wall.ts'

/** The tables of the deliverer. No rebuild touches them. */
export const deliveryTables = `
  create table delivery (
    organization text not null, target text collate "C" not null, event uuid not null, position bigint not null, stream text collate "C" not null,
    revision bigint not null, type text collate "C" not null, state text collate "C" not null, attempt integer not null default 0, next_at timestamptz(3),
    status integer, ms integer, error text, answer text, at timestamptz(3), primary key (target, event));
  create index delivery_pending on delivery (target, position) where state = 'PENDING';
  create index delivery_shown on delivery (organization, target, position desc);
  create index delivery_past on delivery (state, at) where state <> 'PENDING';
  create table delivery_target (
    organization text not null, target text collate "C" primary key, state text not null, position bigint not null, is_level boolean not null,
    last_success timestamptz(3), failures integer not null default 0, failing_since timestamptz(3));
  create table delivery_again (
    event uuid primary key, target text collate "C" not null, at bigint not null, "to" bigint not null, request jsonb not null, looked integer not null default 0);
  create table delivered (store text primary key, commit bigint not null);
  ${walled('delivery', 'delivery')}; ${guarded('delivery')};
  ${walled('delivery_target', 'delivery_target')}; ${guarded('delivery_target')}`
