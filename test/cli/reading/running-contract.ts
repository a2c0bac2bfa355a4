import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerReader } from '../../../src/cli/reading/ledger-reader.ts';
import { describeOpenWork, treeOf } from '../../../src/cli/reading/open-work.ts';
import type { LedgerRecord, UnitEndRecord, UnitStartRecord } from '../../../src/projection/record.ts';

/** The records are as old as the test says, in seconds, at the moment at which they are made. */
export function openWorkRecords(now: number = Date.now()): LedgerRecord[] {
  const ago = (seconds: number) => (now - seconds * 1000) * 1000;
  const records: LedgerRecord[] = [];
  const start = (name: string, seconds: number, more: Partial<UnitStartRecord> = {}): UnitStartRecord => {
    const at = ago(seconds);
    const spanId = Buffer.from(`${name}        `).subarray(0, 8).toString('hex');
    const unit = more.unit ?? 'step';
    const names = { unit, taskName: 'sync', stepName: name };
    const record: UnitStartRecord = {
      type: 'start',
      at,
      version: at,
      traceId: 'ab'.repeat(16),
      spanId,
      ...names,
      ...more,
    };
    records.push(record);
    return record;
  };
  const end = (started: UnitStartRecord, tookMillis: number) => {
    const at = started.at + tookMillis * 1000;
    const ended: UnitEndRecord = { ...started, type: 'end', startAt: started.at, at, version: at, status: 'SUCCESS' };
    records.push(ended);
  };
  const event = (of: UnitStartRecord, name: string, seconds: number, more: object) => {
    const at = ago(seconds);
    const { traceId, spanId, sessionId, itemId, unit } = of;
    const ids = { traceId, spanId, ...(sessionId && { sessionId }), ...(itemId && { itemId }), unit };
    const told = { level: 'info', category: 'performance', event: name, message: name };
    records.push({ type: 'event', at, version: at, ...ids, ...told, ...more });
  };
  const wait = (of: UnitStartRecord, seconds: number, untilAgo: number, waitReason?: string) =>
    event(of, 'task.wait.begin', seconds, { waitingUntil: ago(untilAgo), ...(waitReason && { waitReason }) });

  const traceOf = (letter: string) => letter.repeat(32);
  const session = (id: string, letter: string, seconds: number) =>
    start(`${id}`, seconds, { unit: 'session', sessionId: id, taskName: 'sync', traceId: traceOf(letter) });
  const inside = (outer: UnitStartRecord) => ({
    traceId: outer.traceId,
    parentSpanId: outer.spanId,
    ...(outer.sessionId && { sessionId: outer.sessionId }),
    ...(outer.itemId && { itemId: outer.itemId }),
  });

  const waiting = session('waiting', 'a', 9000);
  const item = start('item', 8000, { ...inside(waiting), unit: 'item', itemId: 'i' });
  wait(start('pause', 7000, inside(item)), 6900, -600, 'rate limit');

  const mixed = session('mixed', 'b', 8999);
  event(mixed, 'import.session.progress', 10, { done: 30, total: 60 });
  wait(start('overdue', 700, inside(mixed)), 690, 300);
  wait(start('resumed', 700, inside(mixed)), 690, 300);
  event(records.at(-2) as UnitStartRecord, 'task.wait.end', 250, { waitingUntil: ago(250) });

  const told = (expectation: object) => ({ expectation: JSON.stringify(expectation) });
  start('limited', 70, told({ limit_ms: 60_000 }));
  start('patient', 1000, told({ stuck_after_ms: 2_000_000 }));
  start('hurried', 100, told({ stuck_after_ms: 50_000 }));
  start('expected', 700, told({ expected_ms: 600_000, source: 'caller' }));
  const outer = start('outer', 5000);
  event(start('inner', 4000, inside(outer)), 'task.step.progress', 20, { done: 1, total: 4 });
  for (let run = 0; run < 20; run += 1) end(start('learned', 3000 - run, { spanId: spanOf(run) }), 1000 + run);
  start('learned', 90);
  start('unknown', 90);
  return records;
}

function spanOf(run: number): string {
  return (0xfeed0000 + run).toString(16).padStart(16, '0');
}

/** What every reader of a ledger says of the open work above. `open` writes it, as of a process that lives, and opens the reader. */
export function describeRunning(name: string, open: () => Promise<LedgerReader>): void {
  describe(`${name}, of open work`, () => {
    let reader: LedgerReader;
    beforeAll(async () => {
      reader = await open();
    });
    afterAll(() => reader?.close());

    const works = async () => (await reader.running({}, 100)).map((row) => describeOpenWork(row));
    const named = async (step: string) => (await works()).find(({ step_name }) => step_name === step);

    it('learns how long units take before it says what is stuck, where nobody has learned it yet', async () => {
      const { rows } = await reader.stuckEvidence({ onlyStuck: true }, 100);
      expect(rows.map(({ step_name }) => step_name)).toContain('learned');
    });

    it('P5 judges each unit by itself and by what is open inside it', async () => {
      const verdicts = Object.fromEntries((await works()).map((work) => [work.step_name, work.verdict]));
      expect(verdicts).toEqual({
        waiting: 'waiting',
        item: 'waiting',
        pause: 'waiting',
        mixed: 'running',
        overdue: 'stuck',
        resumed: 'running',
        limited: 'stuck',
        patient: 'running',
        hurried: 'stuck',
        expected: 'running',
        outer: 'running',
        inner: 'running',
        learned: 'stuck',
        unknown: 'running',
      });
    });

    it('S2.32 says until when a unit and those around it wait, and for what', async () => {
      for (const step of ['waiting', 'item', 'pause']) {
        const work = await named(step);
        expect(work?.wait_reason).toBe('rate limit');
        expect(work?.reason).toMatch(/^waits until \S+Z for rate limit, \d+ s more$/);
      }
      expect((await named('overdue'))?.reason).toMatch(/^waited until \S+Z, overdue by 3\d\d s$/);
    });

    it('compares with its own history, and shows where a limit comes from', async () => {
      expect(await named('learned')).toMatchObject({
        stuck_after_seconds: 60,
        stuck_after_source: 'history',
        history_runs: 20,
        expected_source: 'history',
      });
      const learned = await named('learned');
      expect(learned?.history_median_seconds).toBeCloseTo(1.0095);
      expect(learned?.history_p95_seconds).toBeCloseTo(1.01805);
      expect(learned?.anomaly).toMatch(/^(89|9\d|1\d\d)(\.\d)? x its median of the last 20 runs \(1\.01 s\)$/);
      expect(learned?.reason).toMatch(/no progress for \d+ s \(allowed: 60 s, 3 x its p95 of the last 20 runs/);
      expect(await named('hurried')).toMatchObject({ stuck_after_seconds: 50, stuck_after_source: 'caller' });
      expect(await named('expected')).toMatchObject({ stuck_after_seconds: 1800, stuck_after_source: 'expected' });
      expect(await named('unknown')).toMatchObject({ stuck_after_seconds: 600, stuck_after_source: 'default' });
      expect((await named('limited'))?.reason).toMatch(/^it takes \d+ s, longer than its limit of 60 s$/);
    });

    it('S2.28 tells progress, rate and the end that is expected with its source', async () => {
      const mixed = await named('mixed');
      expect(mixed).toMatchObject({ done: 30, total: 60, expected_end_source: 'rate' });
      expect(mixed?.rate).toBeCloseTo(30 / 9000, 3);
      const left = (mixed?.expected_end?.getTime() ?? 0) - (mixed?.started_at.getTime() ?? 0);
      expect(left / 1000).toBeGreaterThan(17_980);
      expect(left / 1000).toBeLessThan(18_200);
      expect(await named('expected')).toMatchObject({ expected_end_source: 'caller' });
      expect(await named('inner')).toMatchObject({ last_event: 'task.step.progress' });
    });

    it('shows units as a tree, and the process behind them', async () => {
      const rows = await reader.running({}, 100);
      const tree = treeOf(rows).map(({ row, depth }) => `${'  '.repeat(depth)}${row.step_name}`);
      expect(tree.slice(0, 6)).toEqual(['waiting', '  item', '    pause', 'mixed', '  overdue', '  resumed']);
      expect(tree).toHaveLength(rows.length);
      expect(rows[0]?.process).toMatchObject({ service_name: 'importer', host: 'host-1', ended_at: null });
      expect(await reader.processes()).toMatchObject([{ service_name: 'importer', pid: process.pid }]);
    });

    it('filters, every filter combined with AND', async () => {
      const steps = async (filter: object) => (await reader.running(filter, 100)).map(({ step_name }) => step_name);
      expect(await steps({ sessionId: 'mixed', verdicts: ['stuck'] })).toEqual(['overdue']);
      expect(await steps({ units: ['item'], task: 'sync', service: 'importer' })).toEqual(['item']);
      expect(await steps({ service: 'other' })).toEqual([]);
    });

    it('has all that tells of what does not advance in one answer', async () => {
      const { rows, blocked } = await reader.stuckEvidence({ sessionId: 'mixed' }, 100);
      expect(rows.map(({ step_name }) => step_name)).toEqual(['mixed', 'overdue', 'resumed']);
      expect(blocked).toEqual([]);
    });

    it('tells only what is stuck, and the units around it', async () => {
      const only = async (filter: object) =>
        (await reader.running({ ...filter, onlyStuck: true }, 100)).map(({ step_name, verdict }) => [
          step_name,
          verdict,
        ]);
      expect(await only({})).toEqual([
        ['mixed', 'running'],
        ['overdue', 'stuck'],
        ['hurried', 'stuck'],
        ['learned', 'stuck'],
        ['limited', 'stuck'],
      ]);
      expect(await only({ sessionId: 'mixed' })).toEqual([
        ['mixed', 'running'],
        ['overdue', 'stuck'],
      ]);
      expect(await only({ sessionId: 'waiting' })).toEqual([]);
    });
  });
}
