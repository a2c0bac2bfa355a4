import { describe, expect, it } from 'vitest';
import { openJournal } from '../../../src/journal/open-journal.ts';
import type { LedgerRecord } from '../../../src/projection/record.ts';
import { runCli, runJson } from '../cli-process.ts';
import { requestRecords } from '../reading/requests-contract.ts';
import { heldDirectory, sampleOwner, startAt, writeJournal } from '../written-ledger.ts';

const directory = heldDirectory();
const together = heldDirectory();
const served = heldDirectory();
const workTrace = 'abf7651916cd43dd8448eb211c80319c';

/** A request, the task that it caused, and the step in it that failed: all three end in the same millisecond. */
function heldTogether(): string {
  const at = (millis: number) => (startAt + millis) * 1000;
  const span = (n: number) => String(n).repeat(16);
  const unit = (n: number, kind: 'task' | 'step', stepName: string, from: number): LedgerRecord[] => {
    const identity = { traceId: workTrace, spanId: span(n), parentSpanId: span(n - 1), unit: kind } as const;
    const names = { taskName: 'order', stepName };
    const end = { at: at(9), startAt: at(from), version: 2, status: 'FAILED', errorMessage: 'declined' } as const;
    return [
      { type: 'start', at: at(from), version: 1, ...identity, ...names },
      { type: 'end', ...identity, ...names, ...end },
    ];
  };
  const request = { type: 'request', at: at(0), traceId: workTrace, spanId: span(1), direction: 'inbound' } as const;
  const records: readonly LedgerRecord[] = [
    ...unit(2, 'task', 'order', 5),
    ...unit(3, 'step', 'charge', 6),
    { ...request, method: 'POST', endpoint: '/orders', responseStatus: 500, durationMillis: 9 },
  ];
  writeJournal(together, records);
  return together;
}

/** Two requests that a living process serves, and one that it has served. */
function heldOpen(): string {
  const start = (seconds: number, span: string, stepName: string): LedgerRecord => {
    const at = (Date.now() - seconds * 1000) * 1000;
    const identity = { traceId: workTrace, spanId: span.repeat(16), unit: 'request', taskName: stepName } as const;
    return { type: 'start', at, version: 1, ...identity, stepName };
  };
  const over = start(9, '3', 'GET /over');
  const journal = openJournal({ directory: served, owner: sampleOwner });
  for (const record of [start(2, '2', 'POST /orders'), start(60, '1', 'GET /reports/7'), over]) journal.append(record);
  if (over.type === 'start') {
    journal.append({ ...over, type: 'end', at: over.at + 5, startAt: over.at, version: 2, status: 'SUCCESS' });
  }
  journal.close();
  return served;
}
writeJournal(directory, requestRecords());
const run = (...argv: string[]) => runCli(['requests', '--dir', directory, ...argv]);
const rows = (...argv: string[]) => runJson(['requests', '--dir', directory, ...argv]);

describe('spanledger requests', () => {
  it('lists requests, oldest first, with what became of each', async () => {
    const { output, errors, code } = await run();
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    const lines = output.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^TIME +SERVICE +WAY +METHOD +PATH +STATUS +TOOK +USER +TRACE +REASON$/);
    expect(lines).toHaveLength(8);
    expect(lines[1]).toMatch(/^2026-01-31T08:01:00\.000Z +importer +in +GET +\/users\/7 +200 +10 ms +ann +1bf7\w+$/);
    expect(lines[6]).toMatch(/ 200 +60 ms +- +6bf7\w+ +The client went away\.$/);
    expect(lines[7]).toMatch(/ out +GET +rates\.example\/today +none +70 ms /);
  });

  it('lists routes with their figures', async () => {
    const { output } = await run('--by-route', '--direction', 'in');
    const lines = output.trimEnd().split('\n');
    expect(lines[0]).toMatch(
      /^WAY +METHOD +ROUTE +COUNT +RATE +FAILED +ERRORS +4XX +MEDIAN +P95 +P99 +MAX +TOTAL +LAST$/,
    );
    expect(lines[2]).toMatch(
      /^in +GET +\/users\/:id +3 +36\.0\/h +1 +33\.3 % +1 +20 ms +29 ms +30 ms +30 ms +60 ms +2026-01-31T08:03:00\.000Z$/,
    );
  });

  it('lists times with their figures, and says where there are earlier ones', async () => {
    const { output, errors } = await run('--every', '1m', '--last', '6');
    const lines = output.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^TIME +COUNT +RATE +FAILED +ERRORS +4XX +MEDIAN +P95 +P99 +MAX$/);
    expect(lines[2]).toMatch(/^2026-01-31T08:03:00Z +1 +1\.0\/min +1 +100\.0 % +0 +30 ms +30 ms +30 ms +30 ms$/);
    expect([lines.length, errors]).toEqual([7, 'note: there are earlier times; --last shows more of them.\n']);
    expect((await run('--every', '1m', '--last', '7')).errors).toBe('');
  });

  it('lists requests with their log lines and the first error of their trace', async () => {
    const { output } = await run('--failed', '--logs', '--direction', 'in');
    const lines = output.trimEnd().split('\n');
    expect(lines[0]).toMatch(/ REASON +LOGS +ERROR$/);
    expect(lines[1]).toMatch(/ \/users\/9 +500 +30 ms .* 3 +deadlock detected$/);
    expect(lines[2]).toMatch(/ The client went away\. +0$/);
    const [row] = await rows('--slowest', '--logs', '--path', '/users/9');
    expect(row).toMatchObject({ endpoint: '/users/9', logs: 3, errors: 2, first_error: 'deadlock detected' });
  });

  it('lists the slowest first', async () => {
    expect((await rows('--slowest', '--last', '2')).map((row) => row.duration_ms)).toEqual([70, 60]);
  });

  it('lists requests that are being served, by their filters, and nothing of those that are over', async () => {
    const place = heldOpen();
    const open = (...argv: string[]) => runJson(['requests', '--open', '--dir', place, ...argv]);
    const found = await open();
    expect(found).toMatchObject([
      { method: 'GET', endpoint: '/reports/7', service_name: 'importer', trace_id: workTrace, verdict: 'running' },
      { method: 'POST', endpoint: '/orders' },
    ]);
    expect(Object.keys(found[0] ?? {})).toEqual([
      ...['started_at', 'service_name', 'method', 'endpoint', 'running_ms', 'verdict', 'verdict_reason'],
      ...['instance_id', 'host', 'pid', 'session_id', 'trace_id', 'span_id'],
    ]);
    expect((await open('--path', '/orders')).map((row) => row.method)).toEqual(['POST']);
    expect((await open('--method', 'get', '--min-ms', '1500')).map((row) => row.endpoint)).toEqual(['/reports/7']);
    expect(await open('--service', 'none')).toEqual([]);
    const { output } = await runCli(['requests', '--open', '--dir', place]);
    expect(output.split('\n')[0]).toMatch(/^SINCE +SERVICE +METHOD +PATH +RUNNING +VERDICT +HOST +PID +TRACE$/);
  });

  it.each([
    [['--follow', '--by-route'], '--follow and --by-route are two views of requests.'],
    [['--every', '1m', '--slowest'], '--every and --slowest are two views of requests.'],
    [['--open', '--status', '500'], '--status asks for what is not known of a request with --open.'],
    [['--by-route', '--logs'], '--by-route shows requests without their logs.'],
    [['--follow', '--until', '1h'], '--follow goes on, so that there is nothing to --until.'],
  ])('refuses %j', async (argv, why) => {
    const { output, errors, code } = await run(...argv);
    expect({ output, code }).toEqual({ output: '', code: 2 });
    expect(errors).toContain(`SPANLEDGER_USAGE: ${why}`);
  });

  it('filters, every filter combined with AND', async () => {
    const paths = async (...argv: string[]) => (await rows(...argv)).map((row) => row.endpoint);
    expect(await paths('--failed', '--route', '/users/:id')).toEqual(['/users/9']);
    expect(await paths('--status', '4XX')).toEqual(['/users/8']);
    expect(await paths('--status', '201', '--method', 'post')).toEqual(['/users']);
    expect(await paths('--min-ms', '60', '--direction', 'in')).toHaveLength(1);
    expect(await paths('--trace-id', '1BF76519-16CD-43DD-8448-EB211C80319C')).toEqual(['/users/7']);
  });

  it('gives headers and bodies with --json', async () => {
    const [row] = await rows('--user-id', 'ann');
    expect(row).toMatchObject({
      request_body: { name: 'Ann' },
      response_body: ['a'],
      request_header: { accept: '*/*' },
    });
  });

  it('says so where none matches, and what is wrong with a filter', async () => {
    expect(await run('--user-id', 'bob')).toEqual({ output: 'No requests match.\n', errors: '', code: 0 });
    for (const status of ['600', '4x', 'ok', '44']) {
      const { errors, code } = await run('--status', status);
      expect(code).toBe(2);
      expect(errors).toContain('neither a status such as 404 nor a class such as 5xx');
    }
    const { errors, code } = await run('--trace-id', '12');
    expect([code, errors.includes('neither 32 hex digits nor a UUID')]).toEqual([2, true]);
  });
});

describe('spanledger timeline of the trace of a request', () => {
  it('tells the request where there is no work in it', async () => {
    const { output, code } = await runCli(['timeline', '6bf76519-16cd-43dd-8448-eb211c80319c', '--dir', directory]);
    expect(code).toBe(0);
    const told = output
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\S+ +/, ''));
    expect(told.slice(1)).toEqual([
      expect.stringMatching(/^0 ms +request GET \/files\/13\/parts\/\S+ +begins$/),
      expect.stringMatching(
        /^60 ms +\+60 ms +request GET \/files\/13\/parts\/\S+ +200 in 60 ms: The client went away\.$/,
      ),
    ]);
  });

  it('tells the work in between, from the request on', async () => {
    const place = heldTogether();
    const { output } = await runCli(['timeline', workTrace, '--dir', place]);
    const told = output
      .split('\n')
      .slice(1, 8)
      .map((line) => line.replace(/^\S+ +/, '').replaceAll(/ +/g, ' '));
    expect(told).toEqual([
      '0 ms request POST /orders begins',
      '5 ms +5 ms task order begins',
      '6 ms +1 ms step charge begins',
      '9 ms +3 ms step charge FAILED in 3 ms: declined',
      '9 ms +0 ms task order FAILED in 4 ms: declined',
      '9 ms +0 ms request POST /orders 500 in 9 ms',
      '',
    ]);
  });

  it('knows nothing of a trace that is not there', async () => {
    const { code, errors } = await runCli(['timeline', 'f'.repeat(32), '--dir', directory]);
    expect([code, errors.includes('SPANLEDGER_UNKNOWN_SUBJECT')]).toEqual([1, true]);
  });
});
