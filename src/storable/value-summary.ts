const mostKeys = 100;

/** What is left to say of a value that is too large even when its lists are cut: its key names and its size. */
export function summaryOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return { truncated: true, type: typeof value };
  try {
    if (Array.isArray(value)) return { truncated: true, type: 'list', size: value.length };
    if (value instanceof Map || value instanceof Set)
      return { truncated: true, type: value.constructor.name, size: value.size };
    const keys = Object.keys(value);
    return { truncated: true, keys: keys.slice(0, mostKeys).join(', '), size: keys.length };
  } catch {
    return { truncated: true, type: 'unreadable' };
  }
}
