const hexTraceId = /^[0-9a-f]{32}$/;
const hexSpanId = /^[0-9a-f]{16}$/;
const invalidTraceId = '0'.repeat(32);
const invalidSpanId = '0'.repeat(16);

/** Whether `value` is a W3C trace id: 32 lower-case hex digits, not all zero. */
export function isTraceId(value: unknown): value is string {
  return typeof value === 'string' && value.length === 32 && hexTraceId.test(value) && value !== invalidTraceId;
}

/** Whether `value` is a W3C span id: 16 lower-case hex digits, not all zero. */
export function isSpanId(value: unknown): value is string {
  return typeof value === 'string' && value.length === 16 && hexSpanId.test(value) && value !== invalidSpanId;
}

/** The uuid that the tables hold for a trace id, or `undefined` where it is none. */
export function traceIdToUuid(traceId: string): string | undefined {
  const id = traceId.toLowerCase();
  if (!isTraceId(id)) return undefined;
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`;
}

/** The trace id behind a uuid of the tables, or `undefined` where it is none. Upper case, braces and missing hyphens are read too. */
export function uuidToTraceId(uuid: string): string | undefined {
  const id = uuid.toLowerCase().replaceAll(/[-{}\s]/g, '');
  return isTraceId(id) ? id : undefined;
}
