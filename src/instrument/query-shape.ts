import { statementShape } from '../watchdog/call-summary.ts';

/** What a span says of a statement. */
export interface QueryShape {
  /** `SELECT`, `INSERT`, …; absent where the statement begins with no word of SQL that is known. */
  readonly operation?: string;
  /** Operation and table: `SELECT orders`. There are few of them, so it is the name of the span. */
  readonly summary?: string;
  /** The statement with `?` for each literal, on one line, cut to some thousand characters. */
  readonly text: string;
}

const longest = 8_192;
const longestSummary = 255;
const name = String.raw`((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))*)`;
/** A function in its place is no table. */
const from = new RegExp(String.raw`\bfrom\s+(?:only\s+)?${name}(?![\w$."]|\s*\()`, 'i');
const into = new RegExp(String.raw`\binto\s+${name}`, 'i');
const next = new RegExp(String.raw`^\s*\w+\s+(?:table\s+)?(?:only\s+)?${name}`, 'i');
const after = new RegExp(String.raw`^\s*copy\s+${name}`, 'i');
const none = /(?!)/;

/** Where the table of an operation stands; of those without one there is nothing to tell. */
const places: Readonly<Record<string, RegExp | undefined>> = {
  SELECT: from,
  DELETE: from,
  INSERT: into,
  MERGE: into,
  UPDATE: next,
  TRUNCATE: next,
  LOCK: next,
  COPY: after,
  ...Object.fromEntries(
    `WITH VALUES TABLE CREATE ALTER DROP BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE SET RESET SHOW EXPLAIN ANALYZE VACUUM LISTEN UNLISTEN
    NOTIFY CALL DO DECLARE FETCH CLOSE PREPARE EXECUTE DEALLOCATE REFRESH GRANT REVOKE COMMENT DISCARD REINDEX CLUSTER CHECKPOINT`
      .split(/\s+/)
      .map((word) => [word, none]),
  ),
};

/** The shape of a statement of Postgres. Reads no more than its beginning: of what is cut off nothing is told. */
export function queryShape(sql: string): QueryShape {
  const text = statementShape(sql.length > longest ? `${sql.slice(0, longest)}…` : sql);
  const operation = /^[\s(]*([a-z]+)/i.exec(text)?.[1]?.toUpperCase();
  const place = operation === undefined ? undefined : places[operation];
  if (operation === undefined || place === undefined) return { text };
  const table = place.exec(text.replace(/^[\s(]+/, ''))?.[1];
  const summary = table === undefined ? operation : `${operation} ${table}`;
  return { operation, summary: summary.slice(0, longestSummary), text };
}
