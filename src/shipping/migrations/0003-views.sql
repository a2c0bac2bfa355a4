-- The views are the public contract: their columns stay, tables below them may change.

-- Every unit of work that has begun and not ended, with a verdict: lost when its process has ended or gone silent, stuck when
-- the process lives but the unit shows no progress for longer than units of its kind take, else running. Progress is a sign of
-- life; where no heartbeat was ever seen it is the only one. Progress of what is open inside a session or item is its own.
create view :"schema".v_running as
select v.unit, v.session_id, v.item_id, v.task_name, v.step_name, v.status, v.attempt, v.done, v.total, v.last_event, v.kind,
  v.service_name, v.instance_id, v.host, v.pid, v.trace_id, v.span_id, v.parent_span_id, v.correlation_id, v.user_id,
  v.started_at, v.last_progress_at, v.running_seconds, v.silent_seconds, v.last_seen_at, v.heartbeat_seconds,
  v.instance_ended_at,
  case
    when v.instance_ended_at is not null then 'lost'
    when least(v.silent_seconds, v.heartbeat_seconds) >
      case when v.last_seen_at is null then greatest(120, v.stuck_after_seconds) else 120 end then 'lost'
    when v.silent_seconds > v.stuck_after_seconds then 'stuck'
    else 'running'
  end as verdict
from (
  select u.*,
    extract(epoch from now() - u.started_at)::double precision as running_seconds,
    extract(epoch from now() - u.last_progress_at)::double precision as silent_seconds,
    extract(epoch from now() - u.last_seen_at)::double precision as heartbeat_seconds,
    case when u.unit <> 'session' then 600 when u.kind = 'local' then 7200 else 3600 end as stuck_after_seconds
  from (
    select p.unit, p.session_id, p.item_id, p.task_name, p.step_name, p.status, p.attempt, p.done, p.total, p.last_event,
      s.kind, p.service_name, p.instance_id, i.host, i.pid, p.trace_id, p.span_id, p.parent_span_id, p.correlation_id,
      p.user_id, p.created_at as started_at, i.last_seen_at, i.ended_at as instance_ended_at,
      greatest(p.updated_at,
        case when p.unit = 'session' then s.last_progress_at end,
        case when p.unit in ('session', 'item') then (
          select max(inner_unit.updated_at) from :"schema".task_progress inner_unit
          where inner_unit.ended_at is null and inner_unit.session_id = p.session_id
            and (p.unit = 'session' or inner_unit.item_id = p.item_id)
        ) end) as last_progress_at
    from :"schema".task_progress p
    left join :"schema".instances i on i.instance_id = p.instance_id
    left join :"schema".import_sessions s on s.id = p.session_id
    where p.ended_at is null
  ) u
) v;

-- What of it needs a look.
create view :"schema".v_stuck as
select * from :"schema".v_running where verdict <> 'running';

-- Errors of all kinds; add `order by created_at desc limit 20` for the newest.
create view :"schema".v_errors as
select id, created_at, level, category, event, message, service_name, session_id, item_id, correlation_id, request_id,
  user_id, trace_id, replace(trace_id::text, '-', '') as trace, span_id, reason, error_type, error_message, stack_trace,
  details, recommended_actions
from :"schema".audit_log
where level in ('error', 'critical');

-- One row per session. success_rate leaves duplicates out; partial says that failures stand beside successes.
create view :"schema".v_session_summary as
select s.id, s.kind, s.account_id, s.state, s.reason, s.attempt, s.total, s.pending, s.processing, s.imported, s.skipped,
  s.failed, s.missing,
  s.imported::double precision / nullif(s.imported + s.failed, 0) as success_rate,
  coalesce(s.imported > 0 and s.failed > 0, false) as partial,
  s.service_name, s.instance_id, s.trace_id, replace(s.trace_id::text, '-', '') as trace,
  s.started_at, s.last_progress_at, s.ended_at,
  extract(epoch from coalesce(s.ended_at, now()) - s.started_at)::double precision as duration_seconds,
  (select count(*) from :"schema".audit_log e
    where e.session_id = s.id and e.level in ('error', 'critical')) as errors,
  (select coalesce(e.error_message, e.message) from :"schema".audit_log e
    where e.session_id = s.id and e.level in ('error', 'critical')
    order by e.created_at desc limit 1) as last_error
from :"schema".import_sessions s;

-- What happened in a session: `where session_id = ... order by at, seq`. Events and units of work, each at its start. A condition
-- inside the view would keep the planner from merging the tables in order, and every page would sort the whole session.
create view :"schema".v_session_timeline as
select session_id, created_at as at, seq, 'event' as entry, level, category, event as name, item_id, message, from_state,
  to_state, reason, duration_ms, error_type, error_message, details, service_name, trace_id, span_id
from :"schema".audit_log
union all
select session_id, created_at, 0, unit, case status when 'FAILED' then 'error' else 'debug' end, 'unit', step_name, item_id,
  task_name || ' ' || step_name || ': ' || status, null, null, null, duration_ms, null, error_message, output_data,
  service_name, trace_id, span_id
from :"schema".task_progress;
