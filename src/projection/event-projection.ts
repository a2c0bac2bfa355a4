import type { AuditLevel } from '../domain/audit.ts';
import type { AnnouncedEvent } from '../telemetry/announcer.ts';
import { event as eventNames, eventTable } from '../telemetry/conventions.ts';
import { type ProjectionContext, toName, toTime } from './attribute-values.ts';
import { type Leftovers, mergeDetails, withLeftover } from './event-details.ts';
import { createEventDraft, type EventDraft } from './event-draft.ts';
import { countsOf, eventFields, type FieldReader, storedEventFields } from './event-fields.ts';
import { namesOf, type UnitNames } from './identity-projection.ts';
import type { EventRecord } from './record.ts';
import type { EventSource, SourceAttributes } from './span-source.ts';

/** The unit an event belongs to. */
export interface EventUnit {
  readonly traceId: string;
  readonly spanId?: string | undefined;
  readonly names: UnitNames;
}

/** Where an event says nothing of itself. */
export interface EventDefaults {
  readonly level: AuditLevel;
  readonly category: string;
  readonly message?: string | undefined;
}

/** Unit attributes are the same object for all events of a unit, so that their names are read once. */
const knownNames = new WeakMap<object, KnownNames>();

interface KnownNames {
  readonly attributes: object;
  readonly names: UnitNames;
  readonly context: ProjectionContext;
}

/** Those of the last event, which mostly are those of the next. */
let lastNames: KnownNames | undefined;

/** Makes the record of an event that was announced when it happened. */
export function projectEvent(announced: AnnouncedEvent, context: ProjectionContext): EventRecord {
  const { traceId, spanId } = announced.spanContext;
  const names = rememberedNames(announced.unitAttributes as SourceAttributes, context);
  const fields = announced.storedBy === context.sanitizer ? storedEventFields : eventFields;
  return toEventRecord(announced as EventSource, { traceId, spanId, names }, context, { fields });
}

function rememberedNames(attributes: SourceAttributes, context: ProjectionContext): UnitNames {
  if (lastNames?.attributes !== attributes || lastNames.context !== context) {
    lastNames = knownNames.get(attributes);
    if (lastNames?.context !== context) {
      lastNames = { attributes, names: namesOf(attributes, undefined, context), context };
      knownNames.set(attributes, lastNames);
    }
  }
  return lastNames.names;
}

/** Makes the record of an event of a unit, whatever way it came. */
export function toEventRecord(
  source: EventSource,
  unit: EventUnit,
  context: ProjectionContext,
  options: { readonly fields?: ReadonlyMap<string, FieldReader>; readonly defaults?: EventDefaults } = {},
): EventRecord {
  const { sanitizer } = context;
  const { names } = unit;
  const name = toName(source.name, sanitizer) ?? eventNames.audit;
  const draft = createEventDraft(toTime(source.at, 0), name);
  addIds(draft, unit);
  const leftovers = readAttributes(draft, source.attributes, options.fields ?? eventFields, context);
  if (draft.level === undefined || draft.category === undefined || draft.message === undefined) {
    const defaults = options.defaults ?? defaultsOf(name, draft);
    draft.level ??= defaults.level;
    draft.category ??= defaults.category;
    draft.message ??= defaults.message ?? draft.errorMessage ?? name;
  }
  const kind = unitKindOf(name, draft, names);
  if (kind !== undefined) draft.unit = kind;
  if (leftovers !== undefined) draft.details = mergeDetails(draft.details, leftovers, sanitizer);
  addState(draft, names, source.attributes);
  return draft as EventRecord;
}

function addIds(draft: EventDraft, { traceId, spanId, names: { ids } }: EventUnit): void {
  draft.traceId = traceId;
  draft.spanId = spanId;
  draft.sessionId = ids.sessionId;
  draft.itemId = ids.itemId;
  draft.correlationId = ids.correlationId;
  draft.requestId = ids.requestId;
  draft.taskId = ids.taskId;
  draft.userId = ids.userId;
  draft.service = ids.service;
}

function readAttributes(
  draft: EventDraft,
  attributes: SourceAttributes,
  fields: ReadonlyMap<string, FieldReader>,
  context: ProjectionContext,
): Leftovers | undefined {
  let leftovers: Leftovers | undefined;
  for (const name in attributes) {
    const reader = fields.get(name);
    if (reader === undefined) leftovers = withLeftover(leftovers, name, attributes[name]);
    else reader(draft, attributes[name], context.sanitizer);
  }
  return leftovers;
}

/** The name of an event tells what it is of, also where a session speaks for an item that has no span of its own. */
function unitKindOf(name: string, draft: EventDraft, names: UnitNames): EventRecord['unit'] {
  if (draft.unit !== undefined) return draft.unit;
  if (name.startsWith('import.item.')) return 'item';
  if (name.startsWith('import.session.')) return 'session';
  return names.unit;
}

/** What state rows need of the unit's names; other records go without, to stay small. */
function addState(draft: EventDraft, names: UnitNames, attributes: SourceAttributes): void {
  if (draft.unit === 'session') {
    const counts = countsOf(attributes);
    if (counts !== undefined) draft.counts = counts;
    if (counts !== undefined || draft.toState !== undefined) {
      if (names.kind !== undefined) draft.kind ??= names.kind;
      if (names.accountId !== undefined) draft.accountId ??= names.accountId;
      if (names.attempt !== undefined) draft.attempt ??= names.attempt;
    }
  } else if (draft.unit === 'item' && draft.toState !== undefined && names.unit === 'item') {
    if (names.attempt !== undefined) draft.attempt ??= names.attempt;
  }
  if (draft.done !== undefined && names.total !== undefined) draft.total ??= names.total;
}

const levels: ReadonlyMap<string, AuditLevel> = new Map(
  Object.values(eventTable).map(([name, level]) => [name, level as AuditLevel]),
);
const categories: ReadonlyMap<string, string> = new Map([
  [eventNames.fileSaved, 'file_operation'],
  [eventNames.performance, 'performance'],
  [eventNames.consistency, 'consistency'],
]);

function defaultsOf(name: string, draft: EventDraft): EventDefaults {
  const isError = draft.errorType !== undefined || draft.errorMessage !== undefined;
  const level = levels.get(name) ?? (isError ? 'error' : 'info');
  if (isError) return { level, category: 'error' };
  if (draft.toState !== undefined) return { level, category: 'state_transition' };
  return { level, category: categories.get(name) ?? 'validation' };
}
