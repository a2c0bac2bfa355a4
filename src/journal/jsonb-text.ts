/**
 * JSON as Postgres prints a jsonb value: keys by length, then by bytes, the last of equal ones, a space behind each comma
 * and colon, numbers without exponent.
 * @see https://www.postgresql.org/docs/current/datatype-json.html
 */
export function toJsonbText(json: string): string {
  return print(JSON.parse(json) as unknown);
}

function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => compareKeys(a, b));
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}: ${print(member)}`).join(', ')}}`;
  }
  return typeof value === 'number' ? toPlainDecimal(value) : JSON.stringify(value);
}

function compareKeys(a: string, b: string): number {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length - right.length || Buffer.compare(left, right);
}

/** A number in decimal notation, as Postgres prints `numeric`. */
function toPlainDecimal(value: number): string {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value));
  if (match === null) return Object.is(value, -0) ? '0' : String(value);
  const [, sign = '', first = '', rest = '', exponentText = ''] = match;
  const exponent = Number(exponentText);
  const digits = first + rest;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return sign + digits.padEnd(exponent + 1, '0');
}
