import { randomBytes } from 'node:crypto';
import type { EventRecord } from '../projection/record.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import { event } from '../telemetry/conventions.ts';
import { appendRecords } from './command-journal.ts';
import type { SessionCheck } from './reading/session-check.ts';

/**
 * Records each finding of a consistency check in full, in a journal of this directory, from where it is shipped like any
 * other record.
 */
export function recordFindings(directory: string, findings: readonly SessionCheck[]): void {
  const now = Date.now() * 1000;
  appendRecords(
    directory,
    findings.map((finding, index) => toRecord(finding, now + index)),
  );
}

function toRecord({ session, report }: SessionCheck, at: number): EventRecord {
  const { issues, notes, recommendations } = report;
  const clean = sanitizer();
  return {
    type: 'event',
    at,
    traceId: session.trace_id ?? randomBytes(16).toString('hex'),
    sessionId: session.id,
    level: 'warning',
    category: 'consistency',
    event: event.consistency,
    message: clean.text(`session ${session.id} is inconsistent: ${issues.map(({ message }) => message).join(' ')}`),
    details: clean.json({ state: session.state, issues, notes, recommendations }),
    actions: recommendations.map((action) => clean.text(action)),
  };
}
