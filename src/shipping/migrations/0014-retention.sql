-- What retention leaves of rows that would grow in number for ever: offsets of old segments, and items of sessions that are over.

-- The row of a segment may stand for those before it: they are stored whole, from this one on. A journal that comes back after years is
-- still known, and not stored twice.
alter table :"schema".shipments add column first_segment text;

-- Sessions of which items were removed: they are not counted anew, and their counts are not held against the items that are left.
create table :"schema".trimmed_sessions (
  session_id text primary key,
  trimmed_at timestamptz not null,
  items bigint not null
);

do $roles$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_writer') then
    grant select on :"schema".trimmed_sessions to spanledger_writer;
  end if;
  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_reader') then
    grant select on :"schema".trimmed_sessions to spanledger_reader;
  end if;
end
$roles$;
