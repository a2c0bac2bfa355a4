-- Work whose process is gone. A process under suspicion has a row from the first look on, and is given time to show that it lives;
-- closed_at says that its work was closed, and records how many of its records were stored then: when more arrive, it is looked at again.
create table :"schema".lost_instances (
  instance_id text primary key,
  suspected_at timestamptz not null,
  seen_at timestamptz not null,
  closed_at timestamptz,
  closed_by text,
  cause text,
  explanation text,
  records bigint
);

-- Each unit that was closed in place of its process, once. version and state are those it was found with: a record of its own that
-- comes later has a higher version and wins; a process that turns out to live gets its work back as it was.
create table :"schema".lost_units (
  trace_id uuid not null,
  span_id text not null,
  instance_id text not null,
  unit text not null,
  session_id text,
  item_id text,
  closed_at timestamptz not null,
  status text not null,
  version bigint not null,
  state text,
  state_reason text,
  state_version bigint,
  primary key (trace_id, span_id)
);

-- What was closed of one process: where instance_id = $1.
create index lost_units_instance on :"schema".lost_units (instance_id);

do $roles$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_writer') then
    grant select, insert, update, delete on :"schema".lost_instances, :"schema".lost_units to spanledger_writer;
  end if;
  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_reader') then
    grant select on :"schema".lost_instances, :"schema".lost_units to spanledger_reader;
  end if;
end
$roles$;
