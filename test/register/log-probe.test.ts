import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import { probeLog } from '../../src/register/log-probe.ts';
import { runCliProcess } from '../cli/cli-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'spanledger-probe-'));
afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));

it('says that nobody takes log records where there is no provider that does', () => {
  const owner = { instanceId: 'probe', service: 'test', host: 'here', pid: 1, startedAt: 1 };
  const journal = openJournal({ directory: join(directory, 'alone'), owner });
  expect(probeLog(journal).status).not.toBe('recorded');
  journal.close();
});

it('finds its line in the journal of a program that doctor starts', async () => {
  const ledger = join(directory, 'ledger');
  const argv = ['doctor', '--seconds', '60', '--json', '--', 'node', '-e', 'setTimeout(() => {}, 1000)'];
  const { output } = await runCliProcess(argv, { environment: { SPANLEDGER_DIR: ledger } });
  const found = output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  expect(found).toContainEqual(expect.objectContaining({ subject: 'log path', status: 'ok' }));
  const { stdout } = spawnSync('grep', ['-rch', 'The log path was tested at start.', ledger], { encoding: 'utf8' });
  expect(
    stdout
      .trim()
      .split('\n')
      .reduce((sum, count) => sum + Number(count), 0),
  ).toBe(1);
}, 120_000);
