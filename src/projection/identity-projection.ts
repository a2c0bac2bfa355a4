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
  request: true,
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

/** The ids of a record in the making. */
export type IdsDraft = { -readonly [K in keyof RecordIds]?: RecordIds[K] | undefined };

/** Reads the ids of a record from attributes. */
export function idsOf(
  attributes: SourceAttributes,
  service: string | undefined,
  context: ProjectionContext,
): Omit<RecordIds, 'traceId' | 'spanId'> {
  const ids: IdsDraft = {};
  readIds(ids, attributes, service, context);
  return ids as Omit<RecordIds, 'traceId' | 'spanId'>;
}

/**
 * As `idsOf`, into a record in the making; written out, because every record passes here. A correlation id that is the trace id, as that of
 * most requests is, needs no look.
 */
export function readIds(
  ids: IdsDraft,
  attributes: SourceAttributes,
  service: string | undefined,
  { sanitizer, service: owner }: ProjectionContext,
  traceId?: string,
): void {
  const sessionId = toId(attributes[attribute.sessionId], sanitizer);
  if (sessionId !== undefined) ids.sessionId = sessionId;
  const itemId = toId(attributes[attribute.itemId], sanitizer);
  if (itemId !== undefined) ids.itemId = itemId;
  const given = attributes[attribute.correlationId];
  const correlationId = given === traceId ? traceId : toId(given, sanitizer);
  if (correlationId !== undefined) ids.correlationId = correlationId;
  const requestId = toId(attributes[attribute.requestId], sanitizer);
  if (requestId !== undefined) ids.requestId = requestId;
  const taskId = toId(attributes[attribute.taskId], sanitizer);
  if (taskId !== undefined) ids.taskId = taskId;
  const userId = toId(attributes[attribute.userId], sanitizer);
  if (userId !== undefined) ids.userId = userId;
  if (service === undefined || service === owner) return;
  const other = toName(service, sanitizer);
  if (other !== undefined) ids.service = other;
}
