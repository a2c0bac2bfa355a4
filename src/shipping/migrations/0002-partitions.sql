-- Makes the partition of one month (UTC) of audit_log or api_logs, unless it is there. Shippers call it ahead of need,
-- many at once and without the right to create tables; so it runs with its owner's rights, and callers take turns.
-- Attaching leaves readers and writers of the other partitions alone, which `create table ... partition of` would not.
create function :"schema".ensure_partition(parent_name text, month date) returns boolean
  language plpgsql security definer set search_path = :"schema", pg_temp
as $function$
declare
  first_day date := date_trunc('month', month)::date;
  lower_bound timestamptz := first_day::timestamp at time zone 'UTC';
  upper_bound timestamptz := (first_day + interval '1 month') at time zone 'UTC';
  partition_name text := parent_name || '_' || to_char(first_day, 'YYYY_MM');
  default_name text := parent_name || '_default';
begin
  if parent_name not in ('audit_log', 'api_logs') then
    raise exception 'spanledger: % is not partitioned', parent_name using errcode = 'invalid_parameter_value';
  end if;
  if to_regclass(quote_ident(partition_name)) is not null then
    return false;
  end if;
  -- The lock that attaching takes anyway. An advisory lock would not do: waiting for it does not bring the catalog up to date.
  execute format('lock table %I in share update exclusive mode', parent_name);
  if to_regclass(quote_ident(partition_name)) is not null then
    return false;
  end if;
  execute format('create table %I (like %I including defaults including constraints including storage)',
    partition_name, parent_name);
  -- Rows whose month had no partition when they came, as from a clock that was ahead, move to where they belong.
  execute format('lock table %I in access exclusive mode', default_name);
  execute format('with moved as (delete from %I where created_at >= %L and created_at < %L returning *)'
    ' insert into %I select * from moved', default_name, lower_bound, upper_bound, partition_name);
  execute format('alter table %I attach partition %I for values from (%L) to (%L)',
    parent_name, partition_name, lower_bound, upper_bound);
  return true;
end
$function$;

revoke all on function :"schema".ensure_partition(text, date) from public;
