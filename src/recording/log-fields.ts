import { sanitizer } from '../storable/sanitizer.ts';

/** What an attribute of a log record may hold. */
export type LogValue = string | number | boolean | null | LogValue[] | { [name: string]: LogValue };

/** Attributes of a log record in the making. */
export type LogAttributes = Record<string, LogValue>;

/** Names that only spanledger itself gives: a field of that name, out of a request body perhaps, must not pose as one of them. */
const reserved = 'spanledger.';

/** Puts the fields of a log line into attributes, made plain. Fields without a value are left out. */
export function addLogFields(
  attributes: LogAttributes,
  fields: Readonly<Record<string, unknown>>,
  except?: ReadonlySet<string>,
): void {
  for (const name of Object.keys(fields)) {
    if (except?.has(name) === true || name === '__proto__') continue;
    const value = toLogValue(fields[name]);
    if (value === undefined) continue;
    attributes[name.startsWith(reserved) ? `field.${name}` : name] = value;
  }
}

/** The value as an attribute of a log record can hold it; `undefined` where there is nothing to hold. */
export function toLogValue(value: unknown): LogValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return String(value);
    case 'object':
      // The sanitizer takes cycles, getters that throw, dates, maps, errors and whatever is too large.
      return value === null ? null : (JSON.parse(sanitizer().json(value)) as LogValue);
    default:
      return undefined;
  }
}
