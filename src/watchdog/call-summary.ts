import type { PendingCall } from '../journal/process-state.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';
import type { BoardEntry } from './open-board.ts';

const maxSummary = 200;

/** A call on the board as others may see it: its shape, without values. */
export function toPendingCall({ startedAt, fields }: BoardEntry, sanitizer: Sanitizer): PendingCall {
  const [kind = 'other', method = '', text = ''] = fields;
  const quotes = /^(?:mysql|mariadb)/.test(method) ? 'values' : 'names';
  const summary = kind === 'sql' ? statementShape(text, quotes) : kind === 'http' ? requestShape(method, text) : text;
  return {
    kind: kind === 'sql' || kind === 'http' ? kind : 'other',
    // Once more as any other text: a secret may stand where no value is expected.
    summary: sanitizer.text(summary, maxSummary),
    started_at: new Date(startedAt / 1000).toISOString(),
  };
}

const literal =
  /"(?:[^"]|"")*(?:"|$)|'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?<![\w$])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?\b/gi;

/**
 * A statement with `?` for each literal, lists of them once, comments gone, on one line. A literal that is cut off counts too; in doubt
 * about a backslash, more counts as literal. What stands in double quotes is a name, but for MySQL a value.
 */
export function statementShape(sql: string, quotes: 'names' | 'values' = 'names'): string {
  return sql
    .replace(literal, (found) => {
      if (found.startsWith('"') && quotes === 'names') return found;
      return found.startsWith('--') || found.startsWith('/*') ? ' ' : '?';
    })
    .replace(/\s+/g, ' ')
    .replace(/\?(?: ?, ?\?)+/g, '?, ...')
    .replace(/(\([^()]*\))(?: ?, ?\1)+/g, '$1, ...')
    .trim();
}

const idSegment = /^(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27,}|[0-9a-f]{16,}|(?=.*\d)[\w~=-]{20,})$/i;

/** Method, host and path of a request. Ids in the path become `{id}`; credentials, query and fragment are left out. */
export function requestShape(method: string, url: string): string {
  const [beforeQuery = ''] = url.split(/[?#]/, 1);
  const bare = beforeQuery.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/^[^/@]*@/, '');
  const [host = '', ...segments] = bare.split('/');
  const path = segments.map((segment) => (idSegment.test(segment) ? '{id}' : segment)).join('/');
  return `${method} ${segments.length === 0 ? host : `${host}/${path}`}`.trim();
}
