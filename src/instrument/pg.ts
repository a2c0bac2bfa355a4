import type { Exception, Span, TimeInput } from '@opentelemetry/api';
import { type QueryShape, queryShape } from './query-shape.ts';

/** The slice of the instrumentation's options that is used. */
interface PgOptions extends Readonly<Record<string, unknown>> {
  readonly ignoreConnectSpans: boolean;
  readonly requestHook: (span: Span, request: { readonly query: PgQuery }) => void;
}

interface PgQuery {
  readonly text?: unknown;
  readonly values?: unknown;
}

/**
 * Queries by the conventions of OpenTelemetry for databases: named by operation and table, with their text and without values, be they
 * parameters or literals in it. That a pool opens a connection is no news.
 */
export function pgOptions(): PgOptions {
  return {
    ignoreConnectSpans: true,
    requestHook: (span, { query: { text, values } }) => {
      followFailure(span);
      if (typeof text !== 'string') return;
      const { operation, summary, text: shape } = shapeOf(text);
      if (operation !== undefined) span.setAttribute('db.operation.name', operation);
      if (summary !== undefined) span.updateName(summary).setAttribute('db.query.summary', summary);
      if (!Array.isArray(values) || values.length === 0) span.setAttribute('db.query.text', shape);
    },
  };
}

const mostRemembered = 500;
const longestRemembered = 4_096;
const remembered = new Map<string, QueryShape>();

/** Programs ask the same again and again. */
function shapeOf(text: string): QueryShape {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const shape = queryShape(text);
  if (text.length > longestRemembered) return shape;
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(text, shape);
  return shape;
}

/** The instrumentation has the SQLSTATE of a failure in a text alone: `… (code: 23505)`. */
function followFailure(span: Span): void {
  const { recordException } = span;
  span.recordException = (exception: Exception, time?: TimeInput) => {
    const [, code] = /\(code: (\w+)\)$/.exec(String(exception)) ?? [];
    if (code !== undefined && code !== 'UNKNOWN') {
      span.setAttribute('error.type', code);
      if (/^[0-9A-Z]{5}$/.test(code)) span.setAttribute('db.response.status_code', code);
    }
    return recordException.call(span, exception, time);
  };
}
