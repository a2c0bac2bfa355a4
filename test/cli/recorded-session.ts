import type { EventRecord, LedgerRecord, UnitEndRecord, UnitStartRecord } from '../../src/projection/record.ts';
import { event } from '../../src/telemetry/conventions.ts';

/** What a recorded session consists of. Items end `imported`, `skipped` or `failed`. */
export interface RecordedSession {
  readonly id: string;
  readonly kind?: string;
  readonly accountId?: string;
  /** Milliseconds since the epoch. */
  readonly startAt: number;
  readonly items: Readonly<Record<string, 'imported' | 'skipped' | 'failed'>>;
  /** Leave the session open, with its last item in work. */
  readonly open?: boolean;
  readonly traceId: string;
}

const actions = ['List the parent folder.', 'Look for a move or delete in the trail.'];

/** The records that a run of such a session leaves in the journal, in order: ten milliseconds between two of them. */
export function recordsOf(session: RecordedSession): LedgerRecord[] {
  const writer = createWriter(session);
  const ids = Object.keys(session.items);
  const counts = {
    total: ids.length,
    pending: ids.length,
    processing: 0,
    imported: 0,
    skipped: 0,
    failed: 0,
    missing: 0,
  };
  writer.start('session', spanOf(0), session.id);
  writer.sessionEvent(event.sessionStart, 'info', { account_id: session.accountId });
  writer.sessionMove('pending', 'ready', counts);
  writer.sessionMove('ready', 'processing', counts);
  writer.sessionMove('processing', 'importing', counts);
  ids.forEach((id, index) => {
    const isOpen = session.open === true && index === ids.length - 1;
    const outcome = session.items[id] ?? 'imported';
    counts.pending -= 1;
    if (isOpen) counts.processing += 1;
    else counts[outcome] += 1;
    writer.item(id, index + 1, outcome, isOpen);
    writer.progress(isOpen ? index : index + 1, { ...counts }, id);
  });
  if (session.open !== true) writer.complete({ ...counts });
  return writer.records;
}

type Counts = NonNullable<EventRecord['counts']>;

function createWriter(session: RecordedSession) {
  const records: LedgerRecord[] = [];
  let now = session.startAt * 1000;
  const next = () => (now += 10_000);
  const ids = { traceId: session.traceId, sessionId: session.id, correlationId: `correlation-${session.id}` };
  const base = (name: string, level: string, details: object): EventRecord => {
    const at = next();
    const message = `${name} of ${session.id}`;
    const category = level === 'error' ? 'error' : 'state_transition';
    return {
      type: 'event',
      at,
      version: at,
      level,
      category,
      event: name,
      message,
      details: JSON.stringify(details),
      ...ids,
    };
  };
  const ofSession = { unit: 'session', spanId: spanOf(0), kind: session.kind, accountId: session.accountId } as const;
  const add = (record: object) => records.push(JSON.parse(JSON.stringify(record)) as LedgerRecord);
  const unit = (kind: 'session' | 'item' | 'step', spanId: string, name: string, itemId?: string) => {
    const at = next();
    const identity = {
      ...ids,
      ...(itemId !== undefined && { itemId }),
      spanId,
      unit: kind,
      taskName: session.kind ?? 'import',
      stepName: name,
    };
    const started: UnitStartRecord = { type: 'start', at, version: at, ...identity };
    add(started);
    return (status: 'SUCCESS' | 'FAILED', errorMessage?: string) => {
      const end = next();
      const ended: UnitEndRecord = {
        ...started,
        type: 'end',
        startAt: at,
        at: end,
        version: end,
        status,
        ...(errorMessage !== undefined && { errorMessage }),
      };
      add(ended);
    };
  };
  let endSession: ReturnType<typeof unit> | undefined;
  return {
    records,
    start(_kind: 'session', spanId: string, name: string) {
      endSession = unit('session', spanId, name);
    },
    sessionEvent(name: string, level: string, details: object) {
      add({ ...base(name, level, details), ...ofSession });
    },
    sessionMove(fromState: string, toState: string, counts: Counts, reason = `to ${toState}`) {
      add({
        ...base(event.sessionTransition, 'info', {}),
        ...ofSession,
        fromState,
        toState,
        reason,
        attempt: 1,
        counts,
      });
    },
    progress(done: number, counts: Counts, mediaId: string) {
      const { total, imported, skipped: duplicates, failed } = counts;
      const details = { progress: `${done}/${total}`, done, total, media_id: mediaId, imported, duplicates, failed };
      add({ ...base(event.sessionProgress, 'info', details), ...ofSession, counts, done, total });
    },
    item(itemId: string, index: number, outcome: string, isOpen: boolean) {
      const spanId = spanOf(index);
      const ofItem = { unit: 'item', itemId, spanId, attempt: 1 };
      const move = (fromState: string, toState: string) =>
        add({ ...base(event.itemTransition, 'info', {}), ...ofItem, fromState, toState, reason: `to ${toState}` });
      const endItem = unit('item', spanId, itemId, itemId);
      add({ ...base(event.itemClaim, 'info', { locked_by: 'worker-1', attempt: 1 }), ...ofItem });
      move('pending', 'analyzing');
      const endStep = unit('step', spanOf(1000 + index), 'analyze', itemId);
      if (isOpen) return;
      const failed = outcome === 'failed';
      endStep(failed ? 'FAILED' : 'SUCCESS', failed ? 'no such file' : undefined);
      if (outcome === 'imported') {
        const details = {
          file_path: `/target/${itemId}`,
          file_size: 1536,
          mime_type: 'image/jpeg',
          sha256: '0123456789abcdef'.repeat(4),
        };
        add({ ...base(event.fileSaved, 'info', details), ...ofItem, category: 'file_operation' });
      }
      if (failed) {
        const details = { error: 'no such file', category: 'file_not_found' };
        const error = {
          errorType: 'ENOENT',
          errorMessage: 'no such file',
          stack: 'Error: no such file\n    at here',
          actions,
        };
        add({ ...base(event.itemError, 'error', details), ...ofItem, ...error });
      }
      move(outcome === 'skipped' ? 'checking' : 'analyzing', outcome);
      add({
        ...base(event.itemEnd, 'info', { status: outcome }),
        ...ofItem,
        reason: `it ${outcome}`,
        durationMillis: 60,
      });
      endItem(failed ? 'FAILED' : 'SUCCESS', failed ? 'no such file' : undefined);
    },
    complete(counts: Counts) {
      const { total, imported, skipped: duplicates, failed } = counts;
      const status = imported === 0 && failed > 0 ? 'failed' : 'imported';
      this.sessionMove('importing', status, counts, `all ${total} items finished`);
      const details = {
        status,
        account_id: session.accountId,
        duration_seconds: 1.5,
        imported,
        duplicates,
        failed,
        processed_total: total,
      };
      add({ ...base(event.sessionComplete, 'info', details), ...ofSession });
      endSession?.(status === 'failed' ? 'FAILED' : 'SUCCESS');
    },
  };
}

function spanOf(index: number): string {
  return (0xb7ad0000 + index).toString(16).padStart(16, '0');
}
