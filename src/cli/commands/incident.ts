import { randomBytes } from 'node:crypto';
import { SpanledgerError } from '../../domain/errors.ts';
import {
  changeIncident,
  type Incident,
  type IncidentChange,
  incidentMarkdown,
  incidentPriorities,
} from '../../domain/incident.ts';
import type { EventRecord } from '../../projection/record.ts';
import { sanitizer } from '../../storable/sanitizer.ts';
import { event } from '../../telemetry/conventions.ts';
import { appendRecords, shipNow } from '../command-journal.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { findIncident, incidentOf, listIncidents } from '../reading/incidents.ts';
import type { LedgerReader } from '../reading/ledger-reader.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { findSubject } from '../reading/subject.ts';
import { tellStory } from '../reading/why.ts';
import { type ListingColumn, renderListing } from '../rendering/listing.ts';
import { jsonLine, visibleLines } from '../visible.ts';
import { resolveWorkplace } from '../workplace.ts';

/** `spanledger incident ACTION [ID]` */
export const run: Run = async (invocation) => {
  const records: EventRecord[] = [];
  const code = await withLedger(invocation, async (reader) => {
    await act(invocation, reader, records);
    return exitCode.ok;
  });
  if (records.length > 0) {
    const workplace = resolveWorkplace(invocation);
    appendRecords(workplace.directory, records);
    await shipNow(workplace);
  }
  return code;
};

async function act(invocation: Invocation, reader: LedgerReader, records: EventRecord[]): Promise<void> {
  const [action, id] = invocation.arguments;
  if (action === 'list') return list(invocation, reader);
  if (id === undefined)
    throw new SpanledgerError('USAGE', { details: { why: `${action} needs an id`, command: 'incident' } });
  const now = new Date();
  if (action === 'open') {
    const story = await tellStory(reader, await findSubject(reader, id));
    const opened = incidentOf(`inc-${randomBytes(4).toString('hex')}`, story);
    const incident = changeIncident(opened, changeOf(invocation), now.toISOString());
    const { sessionId, itemId, traceId } = story.ids;
    const place = {
      traceId: traceId ?? randomBytes(16).toString('hex'),
      ...(sessionId && { sessionId }),
      ...(itemId && { itemId }),
    };
    records.push(toRecord(incident, undefined, place, now));
    return show(invocation, incident);
  }
  const { incident, record } = await findIncident(reader, id);
  if (action === 'show') return show(invocation, incident);
  const status = action === 'close' ? ('solved' as const) : undefined;
  const changed = changeIncident(incident, { ...changeOf(invocation), status }, now.toISOString());
  const { trace_id: traceId, session_id: sessionId, item_id: itemId } = record;
  const place = { traceId, ...(sessionId && { sessionId }), ...(itemId && { itemId }) };
  records.push(toRecord(changed, incident, place, now));
  return show(invocation, changed);
}

function changeOf({ options }: Invocation): IncidentChange {
  return {
    title: options.text('title'),
    priority: incidentPriorities.find((known) => known === options.text('priority')),
    owner: options.text('owner'),
    scope: options.text('scope'),
    related: options.texts('related'),
    note: options.text('note'),
  };
}

function toRecord(
  incident: Incident,
  before: Incident | undefined,
  place: { readonly traceId: string; readonly sessionId?: string; readonly itemId?: string },
  now: Date,
): EventRecord {
  const clean = sanitizer();
  const done = before === undefined ? 'opened' : before.status === incident.status ? 'changed' : 'solved';
  return {
    type: 'event',
    at: now.getTime() * 1000,
    ...place,
    correlationId: incident.id,
    level: 'info',
    category: 'consistency',
    event: event.incident,
    message: clean.text(`incident ${incident.id} ${done}: ${incident.title}`),
    toState: incident.status,
    ...(before !== undefined && { fromState: before.status }),
    details: clean.json({ incident }),
  };
}

async function list({ options, terminal }: Invocation, reader: LedgerReader): Promise<void> {
  const incidents = await listIncidents(reader, options.moment('since'));
  const wanted = options.flag('all') ? incidents : incidents.filter(({ status }) => status === 'open');
  if (options.flag('json')) for (const incident of wanted) await terminal.line(jsonLine(incident));
  else if (wanted.length === 0) await terminal.line('No incident is open.');
  else await terminal.line(renderListing(terminal, columns, wanted));
}

const columns: readonly ListingColumn<Incident>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'STATUS', text: ({ status }) => status },
  { title: 'PRIORITY', text: ({ priority }) => priority },
  { title: 'OCCURRED', text: ({ occurred }) => occurred },
  { title: 'OWNER', text: ({ owner }) => owner ?? '-' },
  { title: 'TITLE', text: ({ title }) => title },
];

async function show({ options, terminal }: Invocation, incident: Incident): Promise<void> {
  if (options.flag('json')) return terminal.line(jsonLine(incident));
  for (const line of visibleLines(incidentMarkdown(incident))) await terminal.line(line);
}
