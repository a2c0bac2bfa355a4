import {
  isProgrammingError,
  matchHint,
  matchMarks,
  type PatternMatch,
  type SignalState,
  sqlStateOf,
} from './diagnosis-marks.ts';
import {
  type ErrorCategory,
  type ErrorPattern,
  type ErrorPatternKey,
  type ErrorSeverity,
  errorPatterns,
} from './diagnosis-patterns.ts';
import { remoteFacts } from './remote-facts.ts';
import { causeChain, messageOf, textProperty } from './thrown.ts';

/** What is known about the place an error came from. */
export interface DiagnosisContext {
  /** What was being done. */
  readonly operation?: string;
  /** The file it was done to. */
  readonly path?: string;
  /** The signal that could stop it; an error that is its reason is `aborted`. */
  readonly signal?: SignalState;
}

/** What happened, why, and what to do. */
export interface Diagnosis {
  /** Key of the pattern, stable; with `parameters` enough for a translation. */
  readonly key: ErrorPatternKey;
  /** The trouble and the error's own message in a line. */
  readonly summary: string;
  readonly diagnosis: string;
  /** Most useful first. */
  readonly recommendedActions: readonly string[];
  readonly category: ErrorCategory;
  readonly severity: ErrorSeverity;
  /** Whether a repeat on its own may succeed. The one answer for every component. */
  readonly isRetryable: boolean;
  /** When a retry makes sense, in words. */
  readonly retry: string;
  /** Wait that the remote side asked for. */
  readonly retryAfterSeconds?: number;
  readonly estimatedFixTime: string;
  readonly relatedDocs: readonly string[];
  /** The error says that the thing exists already. */
  readonly isDuplicate: boolean;
  /** What gave it away, such as `code ENOENT`. */
  readonly evidence: string;
  /** What the texts were filled with. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Beginning of what the remote side answered, where the error carries it. */
  readonly remoteBody?: string;
}

/**
 * Diagnoses any thrown value. It is matched on code, SQLSTATE, HTTP status and shape, first itself, then its causes and
 * the errors it gathers; the first match wins. Messages are hints that count only where nothing else does. Never throws.
 *
 * @example
 * ```ts
 * const { category, isRetryable, recommendedActions } = diagnose(error, { operation: 'copy', path });
 * ```
 */
export function diagnose(error: unknown, context: DiagnosisContext = {}): Diagnosis {
  const chain = causeChain(error);
  const { match, culprit } = find(chain, context.signal);
  const pattern: ErrorPattern = errorPatterns[match.key];
  const parameters = parametersOf(culprit, context);
  return {
    key: match.key,
    summary: summaryOf(pattern, { error, culprit, operation: context.operation }),
    diagnosis: pattern.diagnosis,
    recommendedActions: actionsOf(pattern, parameters, chain),
    category: pattern.category,
    severity: pattern.severity,
    isRetryable: pattern.isRetryable,
    retry: pattern.retry,
    estimatedFixTime: pattern.fixTime,
    relatedDocs: docsOf(match),
    isDuplicate: pattern.category === 'duplicate' || sqlStateOf(culprit) === uniqueViolation,
    evidence: match.evidence,
    parameters,
    ...remoteFacts(chain),
  };
}

/** Diagnoses an error of work on a file. */
function diagnoseFileError(error: unknown, path: string, operation?: string): Diagnosis {
  return diagnose(error, operation === undefined ? { path } : { path, operation });
}

/** Diagnoses an error of work on a database. */
function diagnoseDatabaseError(error: unknown, operation?: string): Diagnosis {
  return diagnose(error, operation === undefined ? {} : { operation });
}

/** File and database entry points, both on {@link diagnose}. */
export const ErrorHandler = { file: diagnoseFileError, database: diagnoseDatabaseError } as const;

const uniqueViolation = '23505';

interface Finding {
  readonly match: PatternMatch;
  /** The error in the chain that bears the mark. */
  readonly culprit: unknown;
}

function find(chain: readonly unknown[], signal: SignalState | undefined): Finding {
  return (
    first(chain, (node) => matchMarks(node, signal)) ??
    first(chain, (node) => matchHint(messageOf(node))) ??
    first(chain, (node) =>
      isProgrammingError(node) ? { key: 'programming_error', evidence: 'class' } : undefined,
    ) ?? {
      match: { key: 'unknown', evidence: 'none' },
      culprit: chain[0],
    }
  );
}

function first(chain: readonly unknown[], judge: (node: unknown) => PatternMatch | undefined): Finding | undefined {
  for (const culprit of chain) {
    const match = judge(culprit);
    if (match !== undefined) return { match, culprit };
  }
  return undefined;
}

interface Told {
  readonly error: unknown;
  readonly culprit: unknown;
  readonly operation: string | undefined;
}

function summaryOf(pattern: ErrorPattern, { error, culprit, operation }: Told): string {
  const own = messageOf(error);
  const behind = messageOf(culprit);
  const message = own === behind || own.includes(behind) ? own : `${own} (${behind})`;
  if (pattern.category === 'unknown') return operation === undefined ? message : `${operation}: ${message}`;
  return operation === undefined ? `${pattern.title}: ${message}` : `${pattern.title} during ${operation}: ${message}`;
}

function parametersOf(culprit: unknown, context: DiagnosisContext): Readonly<Record<string, string>> {
  const found: Record<string, string | undefined> = {
    path: textProperty(culprit, 'path') ?? context.path,
    dest: textProperty(culprit, 'dest'),
    code: textProperty(culprit, 'code'),
    syscall: textProperty(culprit, 'syscall'),
    constraint: textProperty(culprit, 'constraint'),
    table: textProperty(culprit, 'table'),
    host: textProperty(culprit, 'hostname') ?? textProperty(culprit, 'address'),
    operation: context.operation,
  };
  return Object.fromEntries(
    Object.entries(found).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

const placeholders: Readonly<Record<string, string>> = {
  path: 'the path',
  constraint: 'see the message',
  table: 'the table',
};

function actionsOf(
  pattern: ErrorPattern,
  parameters: Readonly<Record<string, string>>,
  chain: readonly unknown[],
): readonly string[] {
  const filled = pattern.actions.map((action) =>
    action.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? placeholders[name] ?? name),
  );
  const own = chain.flatMap((node) => ownAction(node) ?? []);
  return [...new Set([...own, ...filled])];
}

function ownAction(node: unknown): string | undefined {
  return textProperty(node, 'code')?.startsWith('SPANLEDGER_') === true ? textProperty(node, 'action') : undefined;
}

const nodeErrors = 'https://nodejs.org/api/errors.html';
const postgresErrors = 'https://www.postgresql.org/docs/current/errcodes-appendix.html';
const httpErrors = 'https://www.rfc-editor.org/rfc/rfc9110#section-15';

function docsOf({ key, evidence }: PatternMatch): readonly string[] {
  const own = `docs/errors.md#${key}`;
  if (evidence.startsWith('SQLSTATE')) return [own, postgresErrors];
  if (evidence.startsWith('HTTP')) return [own, httpErrors];
  return evidence.startsWith('code E') || evidence.startsWith('code ABORT') ? [own, nodeErrors] : [own];
}
