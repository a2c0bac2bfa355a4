import { attribute } from '../telemetry/conventions.ts';
import { type ProjectionContext, toCount, toId, toInteger, toName } from './attribute-values.ts';
import type { RecordIds, UnitKind } from './record.ts';
import type { SourceAttributes } from './span-source.ts';

/** Ids and names that the attributes of a unit give to each of its records. */
export interface UnitNames {
  readonly unit?: UnitKind;
  readonly ids: Omit<RecordIds, 'traceId' | 'spanId'>;
  readonly kind?: string;
  readonly accountId?: string;
  readonly attempt?: number;
  readonly total?: number;
}

const unitKinds = {
  session: true,
  item: true,
  step: true,
  task: true,
  batch: true,
  chunk: true,
} as const satisfies Record<UnitKind, true>;

/** The kind of unit that a value names, or `undefined` where it names none. */
export function toUnitKind(value: unknown): UnitKind | undefined {
  return typeof value === 'string' && Object.hasOwn(unitKinds, value) ? (value as UnitKind) : undefined;
}

/** The kind of unit that attributes mark, or `undefined` where they mark none. */
export function unitOf(attributes: SourceAttributes): UnitKind | undefined {
  return toUnitKind(attributes[attribute.unit]);
}

/** Reads the names of a unit from its attributes. */
export function namesOf(
  attributes: SourceAttributes,
  service: string | undefined,
  context: ProjectionContext,
): UnitNames {
  const { sanitizer } = context;
  const unit = unitOf(attributes);
  const kind = toName(attributes[attribute.sessionKind], sanitizer);
  const accountId = toId(attributes[attribute.accountId], sanitizer);
  const attempt = toInteger(attributes[attribute.attempt]);
  const total = toCount(attributes[attribute.total]);
  return {
    ids: idsOf(attributes, service, context),
    ...(unit !== undefined && { unit }),
    ...(kind !== undefined && { kind }),
    ...(accountId !== undefined && { accountId }),
    ...(attempt !== undefined && { attempt }),
    ...(total !== undefined && { total }),
  };
}

const idAttributes = [
  ['sessionId', attribute.sessionId],
  ['itemId', attribute.itemId],
  ['correlationId', attribute.correlationId],
  ['requestId', attribute.requestId],
  ['taskId', attribute.taskId],
  ['userId', attribute.userId],
] as const;

/** Reads the ids of a record from attributes. */
export function idsOf(
  attributes: SourceAttributes,
  service: string | undefined,
  context: ProjectionContext,
): Omit<RecordIds, 'traceId' | 'spanId'> {
  const ids: { -readonly [K in keyof Omit<RecordIds, 'traceId' | 'spanId'>]: RecordIds[K] } = {};
  for (const [key, name] of idAttributes) {
    const id = toId(attributes[name], context.sanitizer);
    if (id !== undefined) ids[key] = id;
  }
  if (service !== undefined && service !== context.service) {
    const other = toName(service, context.sanitizer);
    if (other !== undefined) ids.service = other;
  }
  return ids;
}
