/**
 * Reading of thrown values. Anything can be thrown: strings, proxies that trap every access, errors whose getters throw,
 * chains of causes that run in a circle. Nothing in this file throws, and nothing runs without bound.
 */

const maxNodes = 64;
const maxErrorsPerNode = 16;
const maxMessageLength = 2000;
const maxStackLength = 64_000;

/** What an error record keeps of a thrown value. */
export interface ThrownDescription {
  /** The error's code, else its class, else the type of what was thrown. */
  readonly type: string;
  readonly message: string;
  /** Stack, with those of its causes; absent where there is none. */
  readonly stack?: string;
}

/** Describes any thrown value. Never throws. */
export function describeThrown(thrown: unknown): ThrownDescription {
  const stack = stackOf(thrown);
  return {
    type: textProperty(thrown, 'code') ?? classOf(thrown),
    message: messageOf(thrown),
    ...(stack !== undefined && { stack }),
  };
}

/** The value itself, then its causes and the errors it gathers, each once, nearest first. Never throws. */
export function causeChain(thrown: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  const seen = new Set<unknown>();
  const waiting: unknown[] = [thrown];
  while (waiting.length > 0 && chain.length < maxNodes) {
    const node = waiting.shift();
    if (seen.has(node)) continue;
    seen.add(node);
    chain.push(node);
    const cause = property(node, 'cause');
    if (cause !== undefined) waiting.push(cause);
    waiting.push(...listProperty(node, 'errors'));
  }
  return chain;
}

/** The property, or `undefined` where there is none or reading it throws. */
export function property(holder: unknown, key: string): unknown {
  if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) return undefined;
  try {
    return (holder as Readonly<Record<string, unknown>>)[key];
  } catch {
    return undefined;
  }
}

/** The property where it is a text that is not empty. */
export function textProperty(holder: unknown, key: string): string | undefined {
  const value = property(holder, key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The first entries of the property where it is a list; empty where it is not. */
export function listProperty(holder: unknown, key: string): readonly unknown[] {
  const list = property(holder, key);
  try {
    return Array.isArray(list) ? list.slice(0, maxErrorsPerNode) : [];
  } catch {
    return [];
  }
}

/** Name of the class of a thrown value, else its type. */
export function classOf(thrown: unknown): string {
  if (thrown === null) return 'null';
  if (typeof thrown !== 'object') return typeof thrown;
  return textProperty(thrown, 'name') ?? textProperty(property(thrown, 'constructor'), 'name') ?? 'object';
}

/** The message of a thrown value, with its class where that says more than `Error`; bounded. */
export function messageOf(thrown: unknown): string {
  return clip(rawMessage(thrown), maxMessageLength);
}

function rawMessage(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown === '' ? 'an empty string was thrown' : thrown;
  if (typeof thrown === 'function') return 'a function was thrown';
  if (typeof thrown !== 'object' || thrown === null) return `${primitiveText(thrown)} was thrown`;
  const name = classOf(thrown);
  const message = textProperty(thrown, 'message') ?? textProperty(thrown, 'code');
  if (message === undefined) return isErrorLike(thrown) ? name : `an object without a message was thrown: ${name}`;
  return name === 'Error' || name === 'Object' || name === 'object' ? message : `${name}: ${message}`;
}

function primitiveText(value: unknown): string {
  return value === null || value === undefined ? `${value}` : `${typeof value} ${String(value)}`;
}

function isErrorLike(thrown: unknown): boolean {
  return textProperty(thrown, 'stack') !== undefined;
}

function stackOf(thrown: unknown): string | undefined {
  const stacks = causeChain(thrown).flatMap((node) => textProperty(node, 'stack') ?? []);
  return stacks.length === 0 ? undefined : clip(stacks.join('\nCaused by: '), maxStackLength);
}

function clip(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
