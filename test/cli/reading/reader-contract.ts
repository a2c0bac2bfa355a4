import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerReader } from '../../../src/cli/reading/ledger-reader.ts';
import { event } from '../../../src/telemetry/conventions.ts';
import { sampleSessions, startAt } from '../written-ledger.ts';

const hour = 3_600_000;

/** What every reader of a ledger answers of the sample sessions. `open` writes them and opens the reader. */
export function describeReader(name: string, open: () => Promise<LedgerReader>): void {
  describe(name, () => {
    let reader: LedgerReader;
    beforeAll(async () => {
      reader = await open();
    });
    afterAll(() => reader?.close());

    const ids = async (filter: object) => (await reader.sessions({ last: 10, ...filter })).map(({ id }) => id);
    const names = async (filter: object, last = 1000) => (await reader.events(filter, last)).map((row) => row.event);

    it('lists sessions, the newest first', async () => {
      expect(await ids({})).toEqual(['open', 'failing', '120', '12']);
      expect(await ids({ last: 2 })).toEqual(['open', 'failing']);
    });

    it('finds a session by exactly its id', async () => {
      expect(await ids({ id: '12' })).toEqual(['12']);
      expect(await ids({ id: '1' })).toEqual([]);
    });

    it('filters sessions by state, kind, account and start', async () => {
      expect(await ids({ states: ['imported'] })).toEqual(['120', '12']);
      expect(await ids({ states: ['failed', 'importing'] })).toEqual(['open', 'failing']);
      expect(await ids({ states: [] })).toHaveLength(sampleSessions.length);
      expect(await ids({ kind: 'picker', accountId: '789' })).toEqual(['open', 'failing']);
      expect(await ids({ kind: 'picker', accountId: '456' })).toEqual([]);
      expect(await ids({ since: new Date(startAt + hour) })).toEqual(['open', 'failing', '120']);
      expect(await ids({ openOrEndedSince: new Date(startAt + 2 * hour) })).toEqual(['open', 'failing']);
    });

    it('tells state and counts of a session', async () => {
      const [session] = await reader.sessions({ id: '12', last: 1 });
      expect(session).toMatchObject({ kind: 'local', account_id: '456', state: 'imported', attempt: 1 });
      expect(session).toMatchObject({ total: 3, imported: 1, skipped: 1, failed: 1, missing: 0, pending: 0 });
      expect(session).toMatchObject({ service_name: 'importer', trace_id: '0af7651916cd43dd8448eb211c80319c' });
      expect(session?.started_at?.getTime()).toBeGreaterThan(startAt);
      expect(session?.ended_at?.getTime()).toBeGreaterThan(session?.started_at?.getTime() ?? 0);
    });

    it('leaves the end of an open session open', async () => {
      const [session] = await reader.sessions({ id: 'open', last: 1 });
      expect(session).toMatchObject({ state: 'importing', ended_at: null, processing: 1, imported: 1 });
    });

    it('counts items by state', async () => {
      const states = await reader.itemStates('12');
      expect(Object.fromEntries(states.map(({ state, count }) => [state, count]))).toEqual({
        imported: 1,
        skipped: 1,
        failed: 1,
      });
      expect(await reader.itemStates('1')).toEqual([]);
    });

    it('S0.14 finds the records of exactly one session', async () => {
      const rows = await reader.events({ sessionId: '12' }, 1000);
      expect(rows.length).toBeGreaterThan(10);
      expect(new Set(rows.map((row) => row.session_id))).toEqual(new Set(['12']));
    });

    it('S0.19 chooses the newest records and gives them oldest first', async () => {
      const all = await reader.events({ sessionId: '12' }, 1000);
      const newest = await reader.events({ sessionId: '12' }, 3);
      expect(newest.map(({ message }) => message)).toEqual(all.slice(-3).map(({ message }) => message));
      const times = all.map((row) => row.created_at.getTime());
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it('combines all filters of records with AND', async () => {
      expect(await names({ sessionId: '12', levels: ['error'] })).toEqual([event.itemError]);
      expect(await names({ sessionId: '12', itemId: 'a.jpg', events: [event.fileSaved] })).toEqual([event.fileSaved]);
      expect(await names({ sessionId: '12', itemId: 'b.jpg', events: [event.fileSaved] })).toEqual([]);
      expect(await names({ category: 'file_operation', sessionId: 'open' })).toEqual([event.fileSaved]);
      expect(await names({ correlationId: 'correlation-120', events: [event.sessionStart] })).toHaveLength(1);
      expect(await names({ traceId: '2af7651916cd43dd8448eb211c80319c', events: [event.itemError] })).toHaveLength(2);
      expect(await names({ since: new Date(startAt + 3 * hour), events: [event.sessionStart] })).toHaveLength(1);
    });

    it('parses details and recommended actions', async () => {
      const [saved] = await reader.events({ sessionId: '12', events: [event.fileSaved] }, 1);
      expect(saved?.details).toMatchObject({ file_path: '/target/a.jpg', file_size: 1536 });
      const [failed] = await reader.events({ sessionId: '12', events: [event.itemError] }, 1);
      expect(failed?.recommended_actions).toEqual([
        'List the parent folder.',
        'Look for a move or delete in the trail.',
      ]);
      expect(failed).toMatchObject({ error_type: 'ENOENT', error_message: 'no such file', item_id: 'c.jpg' });
    });

    it('finds records by the id of a job', async () => {
      expect(await names({ jobId: 'job-9' })).toEqual(['job.step']);
      expect(await names({ taskId: 'job-9' })).toEqual(['job.step']);
      expect(await names({ taskId: 'job-77' })).toEqual([]);
      expect(await names({ jobId: 'job-77' })).toEqual(['job.log']);
      expect(await names({ jobId: 'job' })).toEqual([]);
    });

    it('gives the units of a session, oldest first', async () => {
      const steps = await reader.units({ sessionId: '12', units: ['step'] }, 10);
      expect(steps.map(({ item_id: itemId, status }) => [itemId, status])).toEqual([
        ['a.jpg', 'SUCCESS'],
        ['b.jpg', 'SUCCESS'],
        ['c.jpg', 'FAILED'],
      ]);
      expect(await reader.units({ sessionId: '12', units: ['step'] }, 1)).toMatchObject([{ item_id: 'c.jpg' }]);
    });

    it('sums up the steps of a session', async () => {
      const [step, ...others] = await reader.slowestSteps('12', 5);
      expect(others).toEqual([]);
      expect(step).toMatchObject({ task_name: 'local', step_name: 'analyze', count: 3, failed: 1 });
      expect(step?.mean_ms).toBeCloseTo(10);
      expect(step?.total_ms).toBeCloseTo(30);
    });

    it('groups the errors of a session', async () => {
      const groups = await reader.errorGroups('failing');
      expect(groups).toMatchObject([{ category: 'file_not_found', count: 2 }]);
    });

    it('tells what is open, the oldest first', async () => {
      const open = await reader.running({}, 10);
      expect(open.map(({ unit }) => unit)).toEqual(['session', 'item', 'step']);
      expect(open).toMatchObject([{ session_id: 'open' }, { item_id: 'y.jpg' }, { step_name: 'analyze' }]);
      expect(await reader.running({ sessionId: '12' }, 10)).toEqual([]);
    });

    it('computes the figures of one session', async () => {
      const statistics = await reader.statistics({ sessionId: '12' });
      expect(statistics).toMatchObject({ items: 3, succeeded: 1, skipped: 1, failed: 1 });
      expect(statistics.error_rate).toBeCloseTo(1 / 3);
      expect(statistics.mean_ms).toBeGreaterThan(0);
      expect(statistics.items_per_second).toBeGreaterThan(0);
      expect(statistics.sessions).toEqual([{ name: 'imported', count: 1 }]);
      expect(statistics.top_errors).toEqual([{ name: 'file_not_found', count: 1 }]);
    });

    it('computes the figures since a time, and of nothing at all', async () => {
      const statistics = await reader.statistics({ since: new Date(startAt + 2 * hour) });
      expect(statistics).toMatchObject({ items: 4, failed: 2 });
      expect(statistics.sessions).toEqual([
        { name: 'failed', count: 1 },
        { name: 'importing', count: 1 },
      ]);
      const none = await reader.statistics({ sessionId: 'nobody' });
      expect(none).toMatchObject({ items: 0, error_rate: null, mean_ms: null, items_per_second: null, sessions: [] });
    });
  });
}
