import { type ErrorPattern, type ErrorPatternKey, errorPatternKeys, errorPatterns } from './diagnosis-patterns.ts';
import { listProperty, property, textProperty } from './thrown.ts';

/** What in an error gave it away. */
export interface PatternMatch {
  readonly key: ErrorPatternKey;
  /** The mark, such as `code ENOENT`, `SQLSTATE 23505`, `HTTP 503`, `signal` or `message`. */
  readonly evidence: string;
}

/** The part of an `AbortSignal` that diagnosis reads. */
export interface SignalState {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

/** The pattern that a single error bears a mark of, tried in the order code, SQLSTATE, HTTP status, shape. Never throws. */
export function matchMarks(error: unknown, signal: SignalState | undefined): PatternMatch | undefined {
  return byAbort(error) ?? byCode(error) ?? bySqlState(error) ?? byStatus(error) ?? byShape(error, signal);
}

/** The pattern that the message of a single error hints at. */
export function matchHint(message: string): PatternMatch | undefined {
  for (const { key, hint } of hints) if (hint.test(message)) return { key, evidence: 'message' };
  return undefined;
}

/** Whether the error is one that only a change of the program cures. */
export function isProgrammingError(error: unknown): boolean {
  return (
    programmingClasses.has(textProperty(error, 'name') ?? '') ||
    isInstance(error, TypeError, ReferenceError, RangeError)
  );
}

/** SQLSTATE of a database error; five letters or digits that something without the look of one may bear by chance. */
export function sqlStateOf(error: unknown): string | undefined {
  const told = textProperty(error, 'sqlState') ?? textProperty(error, 'sqlstate');
  if (told !== undefined && sqlStateShape.test(told)) return told;
  const code = textProperty(error, 'code');
  return code !== undefined && sqlStateShape.test(code) && looksLikeDatabase(error) ? code : undefined;
}

const sqlStateShape = /^[0-9A-Z]{5}$/;
const databaseNames = /^(error|DatabaseError|PostgresError|PgError|SqlError)$/;
const programmingClasses: ReadonlySet<string> = new Set(['TypeError', 'ReferenceError', 'RangeError']);

const entries: readonly (readonly [ErrorPatternKey, ErrorPattern])[] = errorPatternKeys.map((key) => [
  key,
  errorPatterns[key],
]);
const codes = index((pattern) => pattern.codes ?? []);
const sqlStates = index((pattern) => pattern.sqlStates ?? []);
const statuses = index((pattern) => pattern.statuses ?? []);
const prefixes = entries.flatMap(([key, { codePrefixes = [] }]) => codePrefixes.map((prefix) => ({ key, prefix })));
const hints = entries.flatMap(([key, { hints: texts = [] }]) => texts.map((hint) => ({ key, hint })));

function index<M>(marksOf: (pattern: ErrorPattern) => readonly M[]): ReadonlyMap<M, ErrorPatternKey> {
  return new Map(entries.flatMap(([key, pattern]) => marksOf(pattern).map((mark) => [mark, key] as const)));
}

/** Node wraps the reason of a signal into an `AbortError`; where that reason is a passed deadline, it is the trouble. */
function byAbort(error: unknown): PatternMatch | undefined {
  if (textProperty(error, 'name') !== 'AbortError') return undefined;
  const deadline = textProperty(property(error, 'cause'), 'name') === 'TimeoutError';
  return deadline ? { key: 'timeout', evidence: 'TimeoutError' } : { key: 'aborted', evidence: 'AbortError' };
}

function byCode(error: unknown): PatternMatch | undefined {
  const code = textProperty(error, 'code');
  if (code === undefined) return undefined;
  const syscall = textProperty(error, 'syscall');
  const key =
    codes.get(`${code} ${syscall}`) ?? codes.get(code) ?? prefixes.find(({ prefix }) => code.startsWith(prefix))?.key;
  return key && { key, evidence: `code ${code}` };
}

function bySqlState(error: unknown): PatternMatch | undefined {
  const state = sqlStateOf(error);
  if (state === undefined) return undefined;
  const key = sqlStates.get(state) ?? sqlStates.get(state.slice(0, 2));
  return key && { key, evidence: `SQLSTATE ${state}` };
}

function looksLikeDatabase(error: unknown): boolean {
  const told = ['severity', 'routine', 'schema', 'table'].some((key) => textProperty(error, key) !== undefined);
  return told || databaseNames.test(textProperty(error, 'name') ?? '');
}

function byStatus(error: unknown): PatternMatch | undefined {
  const status = statusOf(error);
  if (status === undefined) return undefined;
  const key = statuses.get(status) ?? (status >= 500 ? statuses.get(500) : undefined);
  return key && { key, evidence: `HTTP ${status}` };
}

function statusOf(error: unknown): number | undefined {
  const response = property(error, 'response');
  const candidates = [
    property(error, 'status'),
    property(error, 'statusCode'),
    property(response, 'status'),
    property(response, 'statusCode'),
    property(property(error, '$metadata'), 'httpStatusCode'),
  ];
  return candidates.find((value): value is number => Number.isInteger(value) && isFailureStatus(Number(value)));
}

function isFailureStatus(status: number): boolean {
  return status >= 400 && status < 600;
}

function byShape(error: unknown, signal: SignalState | undefined): PatternMatch | undefined {
  const name = textProperty(error, 'name');
  if (name === 'TimeoutError') return { key: 'timeout', evidence: name };
  if (isReasonOf(error, signal)) return { key: 'aborted', evidence: 'reason of the signal' };
  if (name === 'SyntaxError' || isInstance(error, SyntaxError))
    return { key: 'invalid_format', evidence: 'SyntaxError' };
  if (name === 'URIError' || isInstance(error, URIError)) return { key: 'invalid_format', evidence: 'URIError' };
  if (hasIssues(error)) return { key: 'invalid_format', evidence: 'list of issues' };
  return undefined;
}

function isReasonOf(error: unknown, signal: SignalState | undefined): boolean {
  return property(signal, 'aborted') === true && Object.is(error, property(signal, 'reason'));
}

/** Schema validators tell what is wrong in a list: `issues` (zod, valibot), `errors` with keywords (ajv), `details` (joi). */
function hasIssues(error: unknown): boolean {
  if (textProperty(listProperty(error, 'issues')[0], 'message') !== undefined) return true;
  if (textProperty(listProperty(error, 'errors')[0], 'keyword') !== undefined) return true;
  return property(error, 'isJoi') === true && listProperty(error, 'details').length > 0;
}

function isInstance(value: unknown, ...classes: readonly (new () => Error)[]): boolean {
  try {
    return classes.some((one) => value instanceof one);
  } catch {
    return false;
  }
}
