-- Why a request did not end as it should: an error, an abort, a time-out, the end of the process. Null where it did.
alter table :"schema".api_logs add column reason text;
