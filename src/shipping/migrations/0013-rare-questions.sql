-- Questions that had to read every record: what they ask for is rare, so that its indexes are small and cost the other records nothing.

-- Incidents, and what the ledger tells of its own losses: where event = any('{incident}') order by created_at desc.
create index audit_log_notes on :"schema".audit_log (event, created_at)
  where event in ('incident', 'ledger.dropped', 'ledger.write.failed');
-- From the id that a queue gave a job to its newest record: where task_id = $1 order by created_at desc limit 1.
create index audit_log_task on :"schema".audit_log (task_id, created_at) where task_id is not null;
