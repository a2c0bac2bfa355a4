/**
 * Spans of this process that a live processor records, so that an exporter beside it leaves them alone. Held weakly; shared
 * by all copies of the package in the process.
 */
const key = Symbol.for('spanledger.recorded-spans.v1');
const slot = globalThis as { [key]?: WeakSet<object> };

function recordedSpans(): WeakSet<object> {
  slot[key] ??= new WeakSet();
  return slot[key];
}

/** Remembers that a span is recorded live. */
export function markRecorded(span: object): void {
  recordedSpans().add(span);
}

/** Whether a span is recorded live. */
export function isRecorded(span: object): boolean {
  return recordedSpans().has(span);
}
