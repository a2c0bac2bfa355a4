-- Which code a process runs, so that runs of the same code are held against each other.

-- Version of the program: service.version of its resource, else that of its package.json.
alter table :"schema".instances add column service_version text;
-- Commit that the program was taken from: vcs.ref.head.revision of its resource, else what its platform or its checkout tells.
alter table :"schema".instances add column service_revision text;
