-- A main thread in native code has no stack that could be taken: {name, descriptor, target} of the system call that it waits in, as the
-- kernel tells it.
alter table :"schema".instances add column blocked_call jsonb;
