// docs/tables.md, from src/projection/tables.ts and the SQL migrations, whose comments say what each index and view is for.
import { page, table } from './markdown.js';
import { columnsOfView, indexesIn, tablesIn, viewsIn } from './sql.js';

/**
 * The page. `archivedTables` are those whose columns the code knows, `sql` is the text of all migrations in order; a test holds the file in docs/
 * against the result.
 */
export function tablesPage({ archivedTables, sql }) {
  const indexes = indexesIn(sql);
  const views = viewsIn(sql);
  return page(
    'src/projection/tables.ts and src/shipping/migrations',
    [
      '# Tables and views',
      introduction,
      '## Views',
      viewIntroduction,
      ...views.flatMap((view) => [
        `### ${view.name}`,
        view.comment,
        `Columns: ${columnsOfView(view, views)
          .map((name) => `\`${name}\``)
          .join(', ')}.`,
      ]),
      '## Tables',
      tableIntroduction,
      ...Object.values(archivedTables).flatMap(({ name, columns, key }) => [
        `### ${name}`,
        about[name],
        table(
          ['column', 'type', 'what it holds'],
          [
            ...(key.length === 0 ? [['`id`', 'bigint', 'Identity; the order in which rows arrived.']] : []),
            ...columns.map((column) => [`\`${column.name}\``, column.type, column.brief]),
          ],
        ),
        keyLine(key),
        indexTable(indexes.filter((index) => index.table === name)),
      ]),
      ...['shipments', 'lost_instances', 'lost_units', 'trimmed_sessions'].flatMap((name) => [
        `### ${name}`,
        about[name],
        bookkeepingTable(sql, name),
      ]),
    ].filter((block) => block !== ''),
  );
}

const introduction = `Everything is in the schema \`spanledger\` (\`SPANLEDGER_SCHEMA\`), in Postgres 14 and later and in the embedded database alike. Times are UTC. \`trace_id\` is the W3C trace
id as a uuid: \`replace(trace_id::text, '-', '')\` is the form that logs and trace viewers show. [sql-recipes.md](sql-recipes.md) has questions and their queries.`;

const viewIntroduction = `The views are the public contract: their columns stay, while the tables below them may change with a version. The role \`spanledger_reader\` may select from all of them.`;

const tableIntroduction = `\`audit_log\` and \`api_logs\` are append-only and partitioned by \`created_at\`. The others hold one row per unit of work, which only a record of a higher \`version\` moves. No
table refers to another by a foreign key: deleting a session does not delete its trail. The role \`spanledger_writer\` inserts, and nobody but the owner updates or deletes what is append-only.`;

const about = {
  audit_log: 'What happened: transitions, lifecycle events, errors, audit entries and log lines.',
  api_logs: 'HTTP requests that the program served or made, one row each, written when the answer is known.',
  task_progress:
    'One row per unit of work, from its start: sessions, items, steps, tasks, batches. START, then IN_PROGRESS, then SUCCESS or FAILED.',
  import_sessions: 'The current state of each session, with its counts.',
  import_items: 'The current state of each item.',
  instances: 'One row per run of a process, with its last sign of life.',
  shipments:
    'How far each journal was shipped. The row moves in the transaction that stores the records, so nothing is stored twice. Retention lets the row of a segment stand for those before it, and leaves one or two rows of each process for ever: a journal that comes back is known by them.',
  lost_instances:
    'Processes under suspicion, and those whose open work was closed in their place: when, by whom and why. One that turns out to live loses its row.',
  lost_units: 'Each unit that was closed in place of its process, as it was found.',
  trimmed_sessions: 'Sessions of which retention has removed items. Their counts are those of `import_sessions`.',
};

const bookkeepingBriefs = {
  instance_id: 'Run of a process.',
  segment: 'File of the journal.',
  first_segment:
    'The first file that this row stands for; all between it and `segment` are stored whole. Null for `segment` alone.',
  end_offset: 'Byte up to which it is stored.',
  records: 'Records stored from it.',
  dead_letters: 'Records that the database refused.',
  updated_at: 'Time of the last shipment.',
  suspected_at: 'Since when somebody waits for a sign of life.',
  seen_at: 'Its last sign of life then.',
  closed_at: 'When its open work was closed.',
  closed_by: 'The run of a process, or the command, that closed it.',
  cause: 'exit, signal, crash, oom or unknown: named only where it is proven.',
  explanation: 'What proves the cause.',
  trace_id: 'W3C trace id.',
  span_id: 'Span id, 16 hex digits.',
  unit: 'session, item, step, task, batch or chunk.',
  session_id: 'Session.',
  item_id: 'Item.',
  status: 'Status of the unit as it was found.',
  version: 'Version of the unit as it was found; a later record of the process itself has a higher one.',
  state: 'State of the session or item as it was found.',
  state_reason: 'Reason of that state.',
  trimmed_at: 'When items of it were removed last.',
  items: 'How many were removed.',
  state_version: 'Version of the session or item as it was found.',
};

function keyLine(key) {
  return key.length === 0 ? '' : `One row per ${key.map((name) => `\`${name}\``).join(' and ')}.`;
}

function indexTable(indexes) {
  if (indexes.length === 0) return '';
  return table(
    ['index', 'on', 'for'],
    indexes.map(({ name, on, comment }) => [`\`${name}\``, on, comment]),
  );
}

function bookkeepingTable(sql, name) {
  const { columns } = tablesIn(sql).find((one) => one.name === name) ?? { columns: [] };
  if (columns.length === 0) throw new Error(`No migration makes the table ${name}.`);
  return table(
    ['column', 'type', 'what it holds'],
    columns.map((column) => {
      const brief = bookkeepingBriefs[column.name];
      if (brief === undefined)
        throw new Error(`scripts/docs/tables.js does not say what ${name}.${column.name} holds.`);
      return [`\`${column.name}\``, column.type, brief];
    }),
  );
}
