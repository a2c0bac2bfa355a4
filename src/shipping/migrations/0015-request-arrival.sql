-- What of requests arrived since the last look, however long ago it began: where id > $1 (`requests --follow`). Ids grow with the heap, so
-- a few pages do, and a row costs no more than a look at whether its pages are summarized yet. Ranges are small: with larger ones the
-- planner would rather read the whole primary key of a month of some hundred thousand requests.
create index api_logs_arrival on :"schema".api_logs using brin (id) with (pages_per_range = 64, autosummarize = on);
