import { type ErrorCode, SpanledgerError } from '../domain/errors.ts';

/** What the exit code of the command line tells. */
export const exitCode = {
  ok: 0,
  /** Something was found that needs a person: stuck, inconsistent, unhealthy, not there, failed. */
  finding: 1,
  usage: 2,
  unreachable: 3,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

const usageErrors: readonly ErrorCode[] = [
  'USAGE',
  'SETTING_INVALID',
  'CONFIG_FILE_INVALID',
  'DATABASE_URL_INVALID',
  'INVALID_ID',
];
const unreachableErrors: readonly ErrorCode[] = [
  'DATABASE_UNREACHABLE',
  'DATABASE_FORBIDDEN',
  'SCHEMA_MISSING',
  'SCHEMA_NEWER',
  'SCHEMA_OLDER',
  'STORE_LOCKED',
  'EMBEDDED_MISSING',
];

/** The exit code that tells of an error. An error without a code of ours counts as a finding. */
export function exitCodeOf(error: unknown): ExitCode {
  if (isOneOf(error, usageErrors)) return exitCode.usage;
  if (isOneOf(error, unreachableErrors)) return exitCode.unreachable;
  return exitCode.finding;
}

/** The database, embedded or not, cannot answer now; the journal may. */
export function isUnreachable(error: unknown): boolean {
  return isOneOf(error, unreachableErrors);
}

/** Nothing is recorded under the id that was asked for. */
export function isUnknown(error: unknown): boolean {
  return isOneOf(error, ['UNKNOWN_SUBJECT']);
}

function isOneOf(error: unknown, codes: readonly ErrorCode[]): boolean {
  return error instanceof SpanledgerError && codes.some((code) => error.code === `SPANLEDGER_${code}`);
}
