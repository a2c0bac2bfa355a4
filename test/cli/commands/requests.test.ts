import { describe, expect, it } from 'vitest';
import { runCli, runJson } from '../cli-process.ts';
import { requestRecords } from '../reading/requests-contract.ts';
import { heldDirectory, writeJournal } from '../written-ledger.ts';

const directory = heldDirectory();
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
    expect(lines[0]).toMatch(/^WAY +METHOD +ROUTE +COUNT +FAILED +4XX +MEDIAN +P95 +MAX +TOTAL +LAST$/);
    expect(lines[2]).toMatch(/^in +GET +\/users\/:id +3 +1 +1 +20 ms +29 ms +30 ms +60 ms +2026-01-31T08:03:00\.000Z$/);
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
