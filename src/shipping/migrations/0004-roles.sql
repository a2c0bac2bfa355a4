-- spanledger_writer inserts, spanledger_reader selects, and nobody but the owner updates or deletes audit_log or api_logs.
-- Roles belong to the whole server: others may make them at the same moment, and not every installer may make any.
do $roles$
declare
  role_name text;
begin
  foreach role_name in array array['spanledger_writer', 'spanledger_reader'] loop
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
        execute format('create role %I nologin', role_name);
      end if;
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise notice 'spanledger: role % was not created, the right to do so is missing', role_name;
    end;
  end loop;

  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_writer') then
    grant usage on schema :"schema" to spanledger_writer;
    grant insert on :"schema".audit_log, :"schema".api_logs to spanledger_writer;
    grant select, insert, update on :"schema".task_progress, :"schema".import_sessions, :"schema".import_items,
      :"schema".instances, :"schema".shipments to spanledger_writer;
    grant select on :"schema".migrations to spanledger_writer;
    grant execute on function :"schema".ensure_partition(text, date) to spanledger_writer;
  end if;

  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_reader') then
    grant usage on schema :"schema" to spanledger_reader;
    grant select on :"schema".audit_log, :"schema".api_logs, :"schema".task_progress, :"schema".import_sessions,
      :"schema".import_items, :"schema".instances, :"schema".shipments, :"schema".migrations, :"schema".v_running,
      :"schema".v_stuck, :"schema".v_errors, :"schema".v_session_summary, :"schema".v_session_timeline to spanledger_reader;
  end if;
end
$roles$;
