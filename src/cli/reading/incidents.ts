import { SpanledgerError } from '../../domain/errors.ts';
import { type Incident, parseIncident } from '../../domain/incident.ts';
import { event } from '../../telemetry/conventions.ts';
import { detailsOf } from '../rendering/event-text.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { EventRow } from './rows.ts';
import type { Story } from './why.ts';

/** An incident and the record that tells it last. */
export interface StoredIncident {
  readonly incident: Incident;
  readonly record: EventRow;
}

const mostRecords = 10_000;

/** Incidents of which something was recorded since then, as they are now, the oldest first. */
export async function listIncidents(reader: LedgerReader, since: Date | undefined): Promise<readonly Incident[]> {
  const records = await reader.events({ events: [event.incident], since }, mostRecords);
  const newest = new Map<string, Incident>();
  for (const record of records) {
    const incident = incidentIn(record);
    if (incident !== undefined) newest.set(incident.id, incident);
  }
  return [...newest.values()].toSorted((a, b) => (a.occurred < b.occurred ? -1 : 1));
}

/** The incident with exactly this id. @throws SpanledgerError NOT_FOUND */
export async function findIncident(reader: LedgerReader, id: string): Promise<StoredIncident> {
  const [record] = await reader.events({ correlationId: id, events: [event.incident] }, 1);
  const incident = record && incidentIn(record);
  if (record === undefined || incident === undefined)
    throw new SpanledgerError('NOT_FOUND', { details: { what: 'incident', id } });
  return { incident, record };
}

function incidentIn(record: EventRow): Incident | undefined {
  return parseIncident(detailsOf(record.details).incident);
}

/** An incident filled from the evidence of a story. */
export function incidentOf(id: string, story: Story): Incident {
  const { subject, run, process, verdict, reason, end, last_record: last, judged_at: now } = story;
  const task = run?.task ?? null;
  const name = `${subject.kind} ${subject.id}${task === null ? '' : ` (${task})`}`;
  const where =
    process === null ? '' : `, ${process.service_name ?? process.instance_id} on ${process.host ?? 'an unknown host'}`;
  const isGrave = ['stuck', 'lost'].includes(verdict) || story.error !== null;
  const evidence = [
    ...story.evidence,
    last === null
      ? undefined
      : `last record at ${last.time.toISOString()}: ${last.event} of ${last.unit}: ${last.message}`,
    story.window.before === undefined
      ? undefined
      : `it stands between ${story.window.after ?? 'its begin'} and ${story.window.before}`,
    story.duration === null
      ? undefined
      : `it took ${story.duration.ratio.toFixed(2)} x what was expected (${story.duration.basis})`,
    story.error === null ? undefined : `last error: ${story.error}`,
    end?.cause === null || end?.cause === undefined ? undefined : `its process ${end.cause.text}`,
    ...(story.code?.place.slice(0, mostFrames).map((frame) => `at ${frame}`) ?? []),
  ];
  return {
    id,
    title: `${name}: ${verdict === 'done' ? (run?.outcome ?? 'ended') : verdict}`,
    status: 'open',
    priority: isGrave ? 'high' : 'normal',
    occurred: (end?.at ?? end?.after ?? last?.time ?? now).toISOString(),
    solved: null,
    owner: null,
    scope: `${name}${where}`,
    related: [],
    subject: { kind: subject.kind, id: subject.id },
    verdict: `${verdict}: ${reason}`,
    evidence: evidence.filter((text) => text !== undefined),
    advice: story.advice.map(({ code, title, because }) => `${code} ${title}: ${because}`),
    notes: [],
  };
}

const mostFrames = 5;
