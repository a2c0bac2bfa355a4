import { InvalidArgumentError } from 'commander';
import { auditLevelNames, parseLevel as parseAuditLevel } from '../domain/audit.ts';

/** Kinds of option value, each with its parser. A bad value is a usage error that says what would be good. */
export const optionParsers = {
  text: parseText,
  count: parseCount,
  moment: parseMoment,
  age: parseAge,
  level: parseLevel,
  trace: parseTraceId,
} as const;

export type OptionKind = keyof typeof optionParsers;
export type OptionValue = string | number | boolean | Date | readonly string[] | undefined;

function parseText(value: string): string {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return value;
}

const maxCount = 1_000_000;

function parseCount(value: string): number {
  const count = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(count >= 1 && count <= maxCount)) throw new InvalidArgumentError(`Give a whole number from 1 to ${maxCount}.`);
  return count;
}

const unitMillis: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const age = /^(\d{1,6})(s|m|h|d|w)$/;
const isoMoment = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** `90s`, `15m`, `2h`, `7d` and `4w` count back from now; a date or time without a zone is UTC. */
export function parseMoment(value: string, now: number = Date.now()): Date {
  const [, amount, unit] = age.exec(value) ?? [];
  if (amount !== undefined && unit !== undefined) return new Date(now - Number(amount) * (unitMillis[unit] ?? 0));
  const moment = new Date(isoMoment.test(value) ? inUtc(value) : Number.NaN);
  if (Number.isNaN(moment.getTime())) {
    throw new InvalidArgumentError('Give an age such as 90s, 15m, 2h or 7d, or a time such as 2026-01-31T08:00:00Z.');
  }
  return moment;
}

/** `90s`, `15m`, `2h`, `7d` and `4w` in seconds. */
function parseAge(value: string): number {
  const [, amount, unit] = age.exec(value) ?? [];
  if (amount !== undefined && unit !== undefined) return (Number(amount) * (unitMillis[unit] ?? 0)) / 1000;
  throw new InvalidArgumentError('Give a length of time such as 90s, 15m, 2h or 7d.');
}

function inUtc(value: string): string {
  const hasTime = value.length > 'yyyy-mm-dd'.length;
  return !hasTime || /(Z|[+-]\d{2}:?\d{2})$/i.test(value.slice('yyyy-mm-ddT'.length)) ? value : `${value}Z`;
}

function parseLevel(value: string): string {
  const level = parseAuditLevel(value);
  if (level === undefined) throw new InvalidArgumentError(`Give one of ${auditLevelNames.join(', ')}.`);
  return level;
}

/** A trace id as 32 hex digits. */
function parseTraceId(value: string): string {
  const traceId = value.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(traceId)) throw new InvalidArgumentError('It is neither 32 hex digits nor a UUID.');
  return traceId;
}
