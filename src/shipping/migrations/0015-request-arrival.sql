-- What of requests arrived since the last look, however long ago it began: where id > $1 (`requests --follow`). Ids grow with the heap, so
-- a few pages do, and a row costs no more than a look at whether its pages are summarized yet.
create index api_logs_arrival on :"schema".api_logs using brin (id) with (autosummarize = on);
