-- What is open is judged at a third of the cost. `open_work` counts on few units, so that it does not prepare for a hundred thousand; what
-- it looks up by comes first in its rows, and is hashed and not sorted; seconds are counted without the detour over `numeric`. The last
-- records of all units are found in one go; `last_record` stays for command lines that are older.

drop view :"schema".v_stuck;
drop view :"schema".v_running;
drop function :"schema".open_work();
drop function :"schema".open_units();

-- The verdict on work, by the rules of `verdictOf` in the library; one table of cases is held against both. `waiting_until` is that of a
-- wait that has not ended, `at` the moment to judge for. A null tells nothing.
create or replace function :"schema".verdict(
  started_at timestamptz,
  ended_at timestamptz,
  last_progress_at timestamptz,
  heartbeat_at timestamptz,
  instance_ended_at timestamptz,
  waiting_until timestamptz,
  at timestamptz,
  stuck_after_seconds double precision default 600,
  limit_seconds double precision default null,
  lost_after_seconds double precision default 120,
  overdue_after_seconds double precision default 30
) returns text
  language sql immutable parallel safe
as $function$
  select case
    when ended_at is not null then 'done'
    when instance_ended_at is not null then 'lost'
    when heartbeat_at is not null
      and date_part('epoch', at - greatest(started_at, last_progress_at, heartbeat_at)) > lost_after_seconds then 'lost'
    when heartbeat_at is null and date_part('epoch', at - greatest(started_at, last_progress_at, waiting_until))
      > greatest(lost_after_seconds, stuck_after_seconds) then 'lost'
    when date_part('epoch', at - started_at) > limit_seconds then 'stuck'
    when waiting_until is not null then
      case when date_part('epoch', at - waiting_until) > overdue_after_seconds then 'stuck' else 'waiting' end
    when date_part('epoch', at - greatest(started_at, last_progress_at)) > stuck_after_seconds then 'stuck'
    else 'running'
  end
$function$;

-- Every open unit with its process, its session and what earlier runs took, numbered by its start. Functions keep their plans for as
-- long as a connection lasts, and `rows` lets the planner expect more than one unit: with one it would go through all of them for each
-- of them. `limit 1` keeps it from reading all sessions there ever were, to join them with the few that are open.
create function :"schema".open_units() returns table (
  no bigint, unit text, session_id text, item_id text, process text, trace_id uuid, span_id text, parent_span_id text,
  moved_at timestamptz, own_wait timestamptz, wait_reason text, own_stuck_after double precision, own_source text, task_name text,
  step_name text, status text, attempt integer, done bigint, total bigint, last_event text, kind text, service_name text,
  instance_id text, host text, pid integer, correlation_id text, user_id text, started_at timestamptz,
  session_progress_at timestamptz, last_seen_at timestamptz, instance_ended_at timestamptz, expectation jsonb,
  told_seconds double precision, limit_seconds double precision, runs integer, median double precision, p95 double precision
)
  language plpgsql stable rows 100 set jit = off
as $function$
#variable_conflict use_column
begin
  return query
  select o.no, o.unit, o.session_id, o.item_id, coalesce(o.instance_id, ''), o.trace_id, o.span_id, o.parent_span_id, o.moved_at,
    o.own_wait, o.wait_reason,
    case
      when told_stuck_after is not null then told_stuck_after
      when unit = 'session' then case when kind = 'local' then 7200 else 3600 end
      when runs >= 5 then greatest(60, 3 * p95)
      when told_seconds is not null then greatest(60, 3 * told_seconds)
      else 600
    end,
    case
      when told_stuck_after is not null then 'caller'
      when unit = 'session' then 'default'
      when runs >= 5 then 'history'
      when told_seconds is not null then 'expected'
      else 'default'
    end,
    o.task_name, o.step_name, o.status, o.attempt, o.done, o.total, o.last_event, o.kind, o.service_name, o.instance_id, o.host,
    o.pid, o.correlation_id, o.user_id, o.started_at, o.session_progress_at, o.last_seen_at, o.instance_ended_at, o.expectation,
    o.told_seconds, o.limit_seconds, o.runs, o.median, o.p95
  from (
    select row_number() over (order by p.created_at) as no, p.unit, p.session_id, p.item_id, p.task_name, p.step_name, p.status,
      p.attempt, p.done, p.total, p.last_event, s.kind, p.service_name, p.instance_id, i.host, i.pid, p.trace_id, p.span_id,
      p.parent_span_id, p.correlation_id, p.user_id, p.created_at as started_at, p.updated_at as moved_at,
      s.last_progress_at as session_progress_at, i.last_seen_at, i.ended_at as instance_ended_at,
      case when p.waiting_until > p.updated_at then p.waiting_until end as own_wait, p.wait_reason, p.expectation,
      (p.expectation ->> 'expected_ms')::double precision / 1000 as told_seconds,
      (p.expectation ->> 'stuck_after_ms')::double precision / 1000 as told_stuck_after,
      (p.expectation ->> 'limit_ms')::double precision / 1000 as limit_seconds,
      case when p.unit = 'session' then c.runs else e.runs end as runs,
      case when p.unit = 'session' then c.marks[1] else e.median_seconds end as median,
      case when p.unit = 'session' then c.marks[2] else e.p95_seconds end as p95
    from :"schema".task_progress p
    left join lateral (select * from :"schema".instances where instance_id = p.instance_id limit 1) i on true
    left join lateral (select * from :"schema".import_sessions where id = p.session_id limit 1) s on true
    left join :"schema".expectations e on e.unit = p.unit
      and e.task_name = case when p.unit = 'session' then s.kind else p.task_name end
      and e.step_name = case when p.unit = 'session' then '' else p.step_name end
    left join lateral (
      select nullif(count(*), 0)::integer as runs, percentile_cont(array[0.5, 0.95]) within group (order by seconds) as marks
      from (
        select seconds from unnest(e.session_seconds, e.session_totals) with ordinality ended (seconds, total, age)
        where coalesce(s.total, 0) = 0 or ended.total is null or ended.total between s.total / 2 and s.total * 2
        order by age limit 20
      ) comparable
    ) c on p.unit = 'session'
    where p.ended_at is null
  ) o;
end
$function$;

-- Every open unit, judged by itself and by what is open inside it, with its number and that of the unit around it; see v_running.
create function :"schema".open_work() returns table (
  no bigint, parent bigint, unit text, session_id text, item_id text, task_name text, step_name text, status text, attempt integer,
  done bigint, total bigint, last_event text, kind text, service_name text, instance_id text, host text, pid integer, trace_id uuid,
  span_id text, parent_span_id text, correlation_id text, user_id text, started_at timestamptz, last_progress_at timestamptz,
  running_seconds double precision, silent_seconds double precision, last_seen_at timestamptz, heartbeat_seconds double precision,
  instance_ended_at timestamptz, waiting_until timestamptz, wait_reason text, stuck_after_seconds double precision,
  stuck_after_source text, limit_seconds double precision, expected_seconds double precision, expected_source text,
  expectation jsonb, history_runs integer, history_median_seconds double precision, history_p95_seconds double precision, verdict text
)
  language plpgsql stable rows 1000 set jit = off
as $function$
#variable_conflict use_column
begin
  return query
  with recursive open_unit as materialized (
    select * from :"schema".open_units()
  ),
  -- The unit around each: its parent span, else its item, else its session, as far as they are open in the same process.
  open_item as (
    select session_id, item_id, process, max(no) as no from open_unit where unit = 'item' group by session_id, item_id, process
  ),
  open_session as (
    select session_id, process, max(no) as no from open_unit where unit = 'session' group by session_id, process
  ),
  parent_unit as materialized (
    select c.no, coalesce(d.no, i.no, s.no) as parent
    from open_unit c
    left join open_unit d on d.trace_id = c.trace_id and d.span_id = c.parent_span_id
    left join open_item i on i.session_id = c.session_id and i.item_id = c.item_id
      and i.process = c.process and c.unit not in ('session', 'item', 'chunk')
    left join open_session s on s.session_id = c.session_id and s.process = c.process and c.unit <> 'session'
  ),
  inside as (
    select no, parent as around from parent_unit where parent is not null
    union
    select i.no, p.parent from inside i join parent_unit p on p.no = i.around where p.parent is not null
  ),
  outer_unit as (select distinct parent as no from parent_unit),
  within as (
    select i.around as no, max(o.moved_at) as progress_at, max(o.own_stuck_after) as stuck_after,
      case when bool_and(o.own_wait is not null) filter (where x.no is null) then max(o.own_wait) filter (where x.no is null) end as wait,
      (array_agg(o.wait_reason order by o.own_wait desc nulls last) filter (where x.no is null))[1] as wait_reason
    from inside i
    join open_unit o on o.no = i.no
    left join outer_unit x on x.no = i.no
    group by i.around
  ),
  judged as (
    select o.*, greatest(o.moved_at, w.progress_at, case when o.unit = 'session' then o.session_progress_at end) as progress_at,
      coalesce(o.own_wait, w.wait) as wait,
      case when o.own_wait is not null then o.wait_reason when w.wait is not null then w.wait_reason end as why,
      o.own_source <> 'caller' and coalesce(w.stuck_after > o.own_stuck_after, false) as is_inner, w.stuck_after
    from open_unit o left join within w on w.no = o.no
  )
  select j.no, u.parent, j.unit, j.session_id, j.item_id, j.task_name, j.step_name, j.status, j.attempt, j.done, j.total,
    j.last_event, j.kind, j.service_name, j.instance_id, j.host, j.pid, j.trace_id, j.span_id, j.parent_span_id,
    j.correlation_id, j.user_id, j.started_at, j.progress_at, date_part('epoch', now() - j.started_at),
    date_part('epoch', now() - j.progress_at), j.last_seen_at, date_part('epoch', now() - j.last_seen_at), j.instance_ended_at,
    j.wait, j.why, l.stuck_after, case when j.is_inner then 'inner' else j.own_source end, j.limit_seconds,
    coalesce(j.told_seconds, j.median),
    case when j.told_seconds is not null then j.expectation ->> 'source' when j.median is not null then 'history' end,
    j.expectation, j.runs, j.median, j.p95,
    :"schema".verdict(j.started_at, null, j.progress_at, j.last_seen_at, j.instance_ended_at, j.wait, now(), l.stuck_after,
      j.limit_seconds)
  from judged j
  join parent_unit u on u.no = j.no
  cross join lateral (select case when j.is_inner then j.stuck_after else j.own_stuck_after end as stuck_after) l;
end
$function$;

-- The newest record of each of these sessions, or of the items in them, not older than `of_sinces`, which keeps the months before out of
-- the question. `no` is what the caller tells them apart by.
create function :"schema".last_records(of_nos bigint[], of_sessions text[], of_items text[], of_sinces timestamptz[])
  returns table (no bigint, event text, created_at timestamptz)
  language plpgsql stable rows 100 set jit = off
as $function$
#variable_conflict use_column
declare
  oldest timestamptz := (select min(since) from unnest(of_sinces) since);
begin
  return query
  select u.no, e.event, e.created_at
  from unnest(of_nos, of_sessions, of_items, of_sinces) u (no, session_id, item_id, since)
  cross join lateral (
    (select e.event, e.created_at from :"schema".audit_log e
      where u.item_id is null and e.session_id = u.session_id and e.created_at >= oldest and e.created_at >= u.since
      order by e.created_at desc limit 1)
    union all
    (select e.event, e.created_at from :"schema".audit_log e
      where e.item_id = u.item_id and e.session_id = u.session_id and e.created_at >= oldest and e.created_at >= u.since
      order by e.created_at desc limit 1)
  ) e;
end
$function$;

-- Every unit of work that has begun and not ended, with the verdict of the function `verdict`: running, waiting as it said, stuck or
-- lost. Progress of what is open inside a unit is its own, and it waits while all inside it wait. `stuck_after_seconds` is what the
-- caller set, else three times the 95th percentile of its history or of what is expected and a minute at least, else 600, 3600 for a
-- session, 7200 for one of kind local; a unit is given as much as what is open inside it. `expected_seconds` comes from the caller or
-- from volumes, else it is the median of the history, which `expectations` keeps: of a session up to 20 imported ones of its kind with
-- half to twice its total, of an item, step, task or batch up to 200 successes.
create view :"schema".v_running as
select w.unit, w.session_id, w.item_id, w.task_name, w.step_name, w.status, w.attempt, w.done, w.total, w.last_event, w.kind,
  w.service_name, w.instance_id, w.host, w.pid, w.trace_id, w.span_id, w.parent_span_id, w.correlation_id, w.user_id,
  w.started_at, w.last_progress_at, w.running_seconds, w.silent_seconds, w.last_seen_at, w.heartbeat_seconds,
  w.instance_ended_at, w.waiting_until, w.wait_reason, w.stuck_after_seconds, w.stuck_after_source, w.limit_seconds,
  w.expected_seconds, w.expected_source, w.expectation, w.history_runs, w.history_median_seconds, w.history_p95_seconds, w.verdict
from :"schema".open_work() w;

-- What of it needs a look.
create view :"schema".v_stuck as
select * from :"schema".v_running where verdict in ('stuck', 'lost');

do $roles$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'spanledger_reader') then
    grant select on :"schema".v_running, :"schema".v_stuck to spanledger_reader;
  end if;
end
$roles$;
