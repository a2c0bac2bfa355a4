-- What one process of many does for all of them once in a while: who began it last, and how it ended.
create table :"schema".chores (
  name text primary key,
  began_at timestamptz not null,
  ended_at timestamptz,
  instance_id text not null,
  error text,
  report jsonb
);

do $roles$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_writer') then
    grant select, insert, update on :"schema".chores to spanledger_writer;
  end if;
  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_reader') then
    grant select on :"schema".chores to spanledger_reader;
  end if;
end
$roles$;
