-- The views are the public contract: their columns stay, tables below them may change.

-- Every unit of work that has begun and not ended, with a verdict: lost when its process has gone silent or ended, stuck when the
-- process lives but the unit shows no progress for longer than units of its kind take, else running.
create view :"schema".v_running as
select u.*,
  case
    when u.heartbeat_seconds > 120 or u.instance_ended_at is not null then 'lost'
    when u.unit = 'session' and u.silent_seconds > case when u.kind = 'local' then 7200 else 3600 end then 'stuck'
    when u.unit <> 'session' and u.silent_seconds > 600 then 'stuck'
    else 'running'
  end as verdict
from (
  select p.unit, p.session_id, p.item_id, p.task_name, p.step_name, p.status, p.attempt, p.done, p.total, p.last_event,
    s.kind, p.service_name, p.instance_id, i.host, i.pid, p.trace_id, p.span_id, p.parent_span_id, p.correlation_id,
    p.user_id, p.created_at as started_at,
    greatest(p.updated_at, case when p.unit = 'session' then s.last_progress_at end) as last_progress_at,
    extract(epoch from now() - p.created_at)::double precision as running_seconds,
    extract(epoch from now() - greatest(p.updated_at, case when p.unit = 'session' then s.last_progress_at end))
      ::double precision as silent_seconds,
    i.last_seen_at,
    extract(epoch from now() - i.last_seen_at)::double precision as heartbeat_seconds,
    i.ended_at as instance_ended_at
  from :"schema".task_progress p
  left join :"schema".instances i on i.instance_id = p.instance_id
  left join :"schema".import_sessions s on s.id = p.session_id
  where p.ended_at is null
) u;

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

-- What happened in a session: `where session_id = ... order by at, seq`. Events and units of work, each at its start.
create view :"schema".v_session_timeline as
select session_id, created_at as at, seq, 'event' as entry, level, category, event as name, item_id, message, from_state,
  to_state, reason, duration_ms, error_type, error_message, details, service_name, trace_id, span_id
from :"schema".audit_log
where session_id is not null
union all
select session_id, created_at, 0, unit, case status when 'FAILED' then 'error' else 'debug' end, 'unit', step_name, item_id,
  task_name || ' ' || step_name || ': ' || status, null, null, null, duration_ms, null, error_message, output_data,
  service_name, trace_id, span_id
from :"schema".task_progress
where session_id is not null;
