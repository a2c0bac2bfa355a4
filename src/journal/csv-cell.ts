import type { Cell, ColumnType } from '../projection/tables.ts';
import { toJsonbText } from './jsonb-text.ts';

/** A cell as Postgres prints it with time zone UTC, or `null`. The text that `copy ... to ... csv` writes. */
export function toCellText(value: Cell | undefined, type: ColumnType): string | null {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'timestamptz':
      return toTimestampText(Number(value));
    case 'uuid':
      return String(value).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    case 'jsonb':
      return toJsonbText(String(value));
    case 'double precision':
      return toDoubleText(Number(value));
    case 'text':
    case 'bigint':
    case 'integer':
      return String(value);
    default:
      return type satisfies never;
  }
}

/** The cell in a text, or the reason why it is none of its type. `null` stands for itself. */
export function parseCellText(
  text: string | null,
  type: ColumnType,
): { readonly cell: Cell } | { readonly why: string } {
  if (text === null) return { cell: null };
  const cell = parsers[type](text);
  return cell === undefined ? { why: `${JSON.stringify(text.slice(0, 80))} is no ${type}` } : { cell };
}

const parsers: Readonly<Record<ColumnType, (text: string) => Cell | undefined>> = {
  text: (text) => text,
  uuid: (text) =>
    /^[0-9a-f]{8}(?:-?[0-9a-f]{4}){4}[0-9a-f]{8}$/i.test(text) ? text.replaceAll('-', '').toLowerCase() : undefined,
  bigint: (text) => parseInteger(text, Number.MAX_SAFE_INTEGER),
  integer: (text) => parseInteger(text, 2 ** 31 - 1),
  'double precision': (text) => parseDouble(text),
  jsonb: (text) => (isJson(text) ? text : undefined),
  timestamptz: (text) => parseTimestampText(text),
};

/** `2025-11-22 03:22:00.5+00` */
function toTimestampText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const date = new Date(seconds * 1_000).toISOString();
  const fraction = String(micros - seconds * 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${date.slice(0, 10)} ${date.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`}+00`;
}

const timestampPattern = /^(\d{4,}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)$/;

/** Microseconds of a timestamp as Postgres or ISO 8601 writes it, with its offset from UTC. */
function parseTimestampText(text: string): number | undefined {
  const [matched, date, time, fraction = '', , sign, hours = '0', minutes = '0'] = timestampPattern.exec(text) ?? [];
  const millis = matched === undefined ? Number.NaN : Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(millis)) return undefined;
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60);
  return (millis / 1_000 - offset) * 1_000_000 + Number(fraction.padEnd(6, '0'));
}

/**
 * The shortest text that reads back as the same number, with an exponent where Postgres uses one. Beyond 2^53 Postgres
 * sometimes writes one digit more for the same number.
 */
function toDoubleText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (value === 0 || (exponent >= -4 && exponent < 15)) return String(value);
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
}

function parseInteger(text: string, limit: number): number | undefined {
  const value = Number(text);
  return /^-?\d+$/.test(text) && Math.abs(value) <= limit ? value : undefined;
}

function parseDouble(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN;
  const value = Number(text);
  return text.trim() === text && text !== '' && !Number.isNaN(value) && !/^0[xob]/i.test(text) ? value : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
