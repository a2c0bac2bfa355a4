/**
 * Marks spans of this process that a live processor records, so that an exporter beside it leaves them alone. The mark is the same for
 * all copies of the package in the process. It stands on the span itself: a `WeakSet` of all spans doubles the work of the garbage
 * collector.
 */
const mark = Symbol.for('spanledger.recorded-span.v1');

interface Markable {
  [mark]?: true;
}

/** Remembers that a span is recorded live. */
export function markRecorded(span: Markable & object): void {
  if (Object.isExtensible(span)) span[mark] = true;
}

/** Whether a span is recorded live. */
export function isRecorded(span: Markable & object): boolean {
  return span[mark] === true;
}
