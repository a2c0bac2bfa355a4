-- What a process does now, as its watchdog sees it from outside of the main thread, and its last heartbeat tells it. The
-- processor time and the memory of the whole process have columns from the beginning.

-- 99th percentile of the delay of the event loop, over some seconds.
alter table :"schema".instances add column event_loop_delay_p99_ms double precision;
-- The event loop does not turn since then.
alter table :"schema".instances add column blocked_since timestamptz;
-- Where: frames {function, file, line, column}, innermost first; null in native code.
alter table :"schema".instances add column blocked_stack jsonb;
-- The unit that runs there: {unit, task_name, step_name, session_id, item_id, trace_id, span_id, started_at, found_by}.
alter table :"schema".instances add column blocked_in jsonb;
-- The oldest call to another system without an answer, once it takes a second: {kind, summary, started_at}.
alter table :"schema".instances add column pending_call jsonb;
alter table :"schema".instances add column heap_used_bytes bigint;
alter table :"schema".instances add column worker_threads integer;
