-- What runs, waits, sticks or is lost. New columns of task_progress say what a unit told of itself; everything else is worked out
-- when somebody asks, so that it costs the writers nothing.
alter table :"schema".task_progress add column waiting_until timestamptz;
alter table :"schema".task_progress add column wait_reason text;
alter table :"schema".task_progress add column expectation jsonb;

-- The verdict on work, by the rules of `verdictOf` in the library; one table of cases is held against both. `waiting_until` is that of a
-- wait that has not ended, `at` the moment to judge for. A null tells nothing.
create function :"schema".verdict(
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
      and extract(epoch from at - greatest(started_at, last_progress_at, heartbeat_at)) > lost_after_seconds then 'lost'
    when heartbeat_at is null and extract(epoch from at - greatest(started_at, last_progress_at, waiting_until))
      > greatest(lost_after_seconds, stuck_after_seconds) then 'lost'
    when extract(epoch from at - started_at) > limit_seconds then 'stuck'
    when waiting_until is not null then
      case when extract(epoch from at - waiting_until) > overdue_after_seconds then 'stuck' else 'waiting' end
    when extract(epoch from at - greatest(started_at, last_progress_at)) > stuck_after_seconds then 'stuck'
    else 'running'
  end
$function$;

drop view :"schema".v_stuck;
drop view :"schema".v_running;

-- Every unit of work that has begun and not ended, with the verdict of the function `verdict`: running, waiting as it said, stuck or
-- lost. Progress of what is open inside a unit is its own, and it waits while all inside it wait. `stuck_after_seconds` is what the
-- caller set, else three times the 95th percentile of its history or of what is expected and a minute at least, else 600, 3600 for a
-- session, 7200 for one of kind local; a unit is given as much as what is open inside it. `expected_seconds` comes from the caller or
-- from volumes, else it is the median of the history: of a session the last 20 imported ones of its kind with half to twice its total,
-- of an item, step or batch up to 200 successes in its last four sessions, or, outside of sessions, in the last pages of the table.
create view :"schema".v_running as
select v.unit, v.session_id, v.item_id, v.task_name, v.step_name, v.status, v.attempt, v.done, v.total, v.last_event, v.kind,
  v.service_name, v.instance_id, v.host, v.pid, v.trace_id, v.span_id, v.parent_span_id, v.correlation_id, v.user_id,
  v.started_at, v.last_progress_at, v.running_seconds, v.silent_seconds, v.last_seen_at, v.heartbeat_seconds,
  v.instance_ended_at, v.waiting_until, v.wait_reason, v.stuck_after_seconds, v.stuck_after_source, v.limit_seconds,
  v.expected_seconds, v.expected_source, v.expectation, v.history_runs, v.history_median_seconds, v.history_p95_seconds,
  :"schema".verdict(v.started_at, null, v.last_progress_at, v.last_seen_at, v.instance_ended_at, v.waiting_until, now(),
    v.stuck_after_seconds, v.limit_seconds) as verdict
from (
  with recursive open_unit as materialized (
    select row_number() over () as no, p.*, s.kind, s.total as session_total, s.last_progress_at as session_progress_at,
      i.host, i.pid, i.last_seen_at, i.ended_at as instance_ended_at,
      case when p.waiting_until > p.updated_at then p.waiting_until end as own_wait,
      (p.expectation ->> 'expected_ms')::double precision / 1000 as told_seconds,
      (p.expectation ->> 'stuck_after_ms')::double precision / 1000 as told_stuck_after,
      (p.expectation ->> 'limit_ms')::double precision / 1000 as limit_seconds
    from :"schema".task_progress p
    left join :"schema".instances i on i.instance_id = p.instance_id
    left join :"schema".import_sessions s on s.id = p.session_id
    where p.ended_at is null
  ),
  -- The unit around each: its parent span, else its item, else its session, as far as they are open in the same process.
  open_item as (
    select distinct on (session_id, item_id, coalesce(instance_id, '')) no, session_id, item_id,
      coalesce(instance_id, '') as process
    from open_unit where unit = 'item' order by session_id, item_id, coalesce(instance_id, ''), created_at desc
  ),
  open_session as (
    select distinct on (session_id, coalesce(instance_id, '')) no, session_id, coalesce(instance_id, '') as process
    from open_unit where unit = 'session' order by session_id, coalesce(instance_id, ''), created_at desc
  ),
  parent_unit as materialized (
    select c.no, coalesce(d.no, i.no, s.no) as parent
    from open_unit c
    left join open_unit d on d.trace_id = c.trace_id and d.span_id = c.parent_span_id
    left join open_item i on i.session_id = c.session_id and i.item_id = c.item_id
      and i.process = coalesce(c.instance_id, '') and c.unit not in ('session', 'item', 'chunk')
    left join open_session s on s.session_id = c.session_id and s.process = coalesce(c.instance_id, '')
      and c.unit <> 'session'
  ),
  inside as (
    select no, parent as around from parent_unit where parent is not null
    union
    select i.no, p.parent from inside i join parent_unit p on p.no = i.around where p.parent is not null
  ),
  -- What there is to learn from. Kinds are told apart by name: the task of an item or step is the kind of its session.
  lesson as (
    select r.unit, r.task_name, r.step_name, r.duration_ms, r.created_at
    from (
      select distinct task_name from open_unit
      where session_id is not null and unit in ('item', 'step', 'task', 'batch') and created_at < now() - interval '5 seconds'
    ) k
    cross join lateral (
      select s.id from (select id, kind from :"schema".import_sessions order by started_at desc limit 300) s
      where s.kind = k.task_name limit 4
    ) s
    cross join lateral (
      select t.unit, t.task_name, t.step_name, t.duration_ms, t.created_at, t.status, t.ended_at
      from :"schema".task_progress t where t.session_id = s.id order by t.created_at desc limit 2000
    ) r
    where r.ended_at is not null and r.status = 'SUCCESS' and r.unit in ('item', 'step', 'task', 'batch')
    union all
    select t.unit, t.task_name, t.step_name, t.duration_ms, t.created_at
    from :"schema".task_progress t
    where t.ctid >= (
        select format('(%s,0)', greatest(0, pg_relation_size(':"schema".task_progress'::regclass)
          / current_setting('block_size')::integer - 512))::tid)
      and t.session_id is null and t.ended_at is not null and t.status = 'SUCCESS'
      and exists (select from open_unit where session_id is null and created_at < now() - interval '5 seconds')
  ),
  history as (
    select unit, task_name, step_name, count(*)::integer as runs,
      percentile_cont(0.5) within group (order by duration_ms) / 1000 as median,
      percentile_cont(0.95) within group (order by duration_ms) / 1000 as p95
    from (
      select l.*, row_number() over (partition by unit, task_name, step_name order by created_at desc) as age from lesson l
    ) l
    where age <= 200
    group by unit, task_name, step_name
  ),
  measured as materialized (
    select o.*, coalesce(h.runs, e.runs) as runs, coalesce(h.median, e.median) as median, coalesce(h.p95, e.p95) as p95,
      around.no is null as is_leaf
    from open_unit o
    left join (select distinct parent as no from parent_unit) around on around.no = o.no
    left join history h on h.unit = o.unit and h.task_name = o.task_name and h.step_name = o.step_name
    left join lateral (
      select nullif(count(*), 0)::integer as runs, percentile_cont(0.5) within group (order by seconds) as median,
        percentile_cont(0.95) within group (order by seconds) as p95
      from (
        select extract(epoch from s.ended_at - s.started_at)::double precision as seconds
        from (select * from :"schema".import_sessions where ended_at is not null order by ended_at desc limit 300) s
        where o.unit = 'session' and s.kind = o.kind and s.state = 'imported'
          and (coalesce(o.session_total, 0) = 0 or s.total is null
            or s.total between o.session_total / 2 and o.session_total * 2)
        order by s.ended_at desc limit 20
      ) ended
    ) e on true
  ),
  limited as materialized (
    select m.*,
      case
        when m.told_stuck_after is not null then m.told_stuck_after
        when m.unit = 'session' then case when m.kind = 'local' then 7200 else 3600 end
        when m.runs >= 5 then greatest(60, 3 * m.p95)
        when m.told_seconds is not null then greatest(60, 3 * m.told_seconds)
        else 600
      end as own_stuck_after,
      case
        when m.told_stuck_after is not null then 'caller'
        when m.unit = 'session' then 'default'
        when m.runs >= 5 then 'history'
        when m.told_seconds is not null then 'expected'
        else 'default'
      end as own_source
    from measured m
  ),
  within as (
    select i.around as no, max(l.updated_at) as progress_at, max(l.own_stuck_after) as stuck_after,
      case when bool_and(l.own_wait is not null) filter (where l.is_leaf)
        then max(l.own_wait) filter (where l.is_leaf) end as wait,
      (array_agg(l.wait_reason order by l.own_wait desc nulls last) filter (where l.is_leaf))[1] as wait_reason
    from inside i join limited l on l.no = i.no
    group by i.around
  )
  select l.unit, l.session_id, l.item_id, l.task_name, l.step_name, l.status, l.attempt, l.done, l.total, l.last_event, l.kind,
    l.service_name, l.instance_id, l.host, l.pid, l.trace_id, l.span_id, l.parent_span_id, l.correlation_id, l.user_id,
    l.last_seen_at, l.instance_ended_at, l.limit_seconds, l.expectation, l.created_at as started_at,
    extract(epoch from now() - l.created_at)::double precision as running_seconds,
    extract(epoch from now() - g.progress_at)::double precision as silent_seconds,
    extract(epoch from now() - l.last_seen_at)::double precision as heartbeat_seconds,
    g.progress_at as last_progress_at, coalesce(l.own_wait, w.wait) as waiting_until,
    case when l.own_wait is not null then l.wait_reason when w.wait is not null then w.wait_reason end as wait_reason,
    case when l.own_source <> 'caller' and w.stuck_after > l.own_stuck_after then w.stuck_after else l.own_stuck_after end
      as stuck_after_seconds,
    case when l.own_source <> 'caller' and w.stuck_after > l.own_stuck_after then 'inner' else l.own_source end
      as stuck_after_source,
    coalesce(l.told_seconds, l.median) as expected_seconds,
    case when l.told_seconds is not null then l.expectation ->> 'source' when l.median is not null then 'history' end
      as expected_source,
    l.runs as history_runs, l.median as history_median_seconds, l.p95 as history_p95_seconds
  from limited l
  left join within w on w.no = l.no
  cross join lateral (
    select greatest(l.updated_at, w.progress_at, case when l.unit = 'session' then l.session_progress_at end) as progress_at
  ) g
) v;

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
