-- Questions that had to read every record or item. What they ask for is rare, or lies together: the indexes are small, and cost the other
-- records nothing.

-- Incidents, and what the ledger tells of its own losses: where event = any('{incident}') order by created_at desc.
create index audit_log_notes on :"schema".audit_log (event, created_at)
  where event in ('incident', 'ledger.dropped', 'ledger.write.failed');
-- From the id that a queue gave a job to its newest record: where task_id = $1 order by created_at desc limit 1.
create index audit_log_task on :"schema".audit_log (task_id, created_at) where task_id is not null;
-- The items of the last day for `stats`, at a thousandth of a b-tree's cost: where started_at >= $1.
create index import_items_started on :"schema".import_items using brin (started_at);
