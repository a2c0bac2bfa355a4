import type { ProjectionContext } from '../../src/projection/attribute-values.ts';
import type { JournalOwner } from '../../src/projection/record.ts';
import type { SpanSource } from '../../src/projection/span-source.ts';
import { createSanitizer } from '../../src/storable/sanitizer.ts';
import { attribute } from '../../src/telemetry/conventions.ts';

export const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
export const spanId = '00f067aa0ba902b7';
/** Microseconds. */
export const start = 1_700_000_000_000_000;

export const owner: JournalOwner = { instanceId: 'run-1', service: 'importer', host: 'h', pid: 1, startedAt: start };

export function createContext(): ProjectionContext {
  return { sanitizer: createSanitizer(), service: owner.service };
}

export const itemAttributes = {
  [attribute.unit]: 'item',
  [attribute.sessionId]: 'local-7',
  [attribute.itemId]: '/data/a.jpg',
  [attribute.taskName]: 'local',
  [attribute.stepName]: 'import.item',
  [attribute.order]: 3,
  [attribute.attempt]: 2,
  [attribute.correlationId]: 'corr-1',
  [attribute.requestId]: 'req-1',
  [attribute.taskId]: 'task-1',
  [attribute.userId]: 'user-1',
};

export const sessionAttributes = {
  [attribute.unit]: 'session',
  [attribute.sessionId]: 'local-7',
  [attribute.sessionKind]: 'local',
  [attribute.accountId]: '456',
  [attribute.taskName]: 'local',
  [attribute.stepName]: 'import.session',
  [attribute.attempt]: 1,
  [attribute.total]: 40,
};

/** A finished span of 1.5 ms. */
export function spanOf(overrides: Partial<SpanSource> = {}): SpanSource {
  return {
    traceId,
    spanId,
    kind: 'internal',
    name: 'import.item',
    startAt: start,
    endAt: start + 1_500,
    attributes: itemAttributes,
    events: [],
    links: [],
    status: 'unset',
    service: owner.service,
    ...overrides,
  };
}

/** Attribute values of every kind that one origin or another brings, and some that none should. */
export function hostileValues(): unknown[] {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const fail = (): never => {
    throw new Error('no');
  };
  return [
    null,
    undefined,
    '',
    '\0',
    '\ud800',
    'x'.repeat(200_000),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    1e300,
    2 ** 53,
    0.5,
    10n ** 30n,
    Symbol('s'),
    () => 1,
    circle,
    [],
    [null, '\0', {}],
    new Uint8Array([0, 1]),
    new Map([[{}, 1]]),
    new Date(Number.NaN),
    new Error('e'),
    new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail }),
    { toString: fail, toJSON: fail },
    Object.create(null),
    '{"a":',
    '[1]',
    true,
  ];
}
