import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useDatabase } from '../harness/database.ts';
import { type Ended, startImporter } from './importer-process.ts';
import { createWorkplace, targetFiles, type Workplace } from './workplace.ts';

const database = useDatabase();
const mebibyte = 1024 ** 2;

describe('the local importer on a hostile folder', { timeout: 120_000 }, () => {
  it('ends every file in a truthful state with a reason and tells by its exit code', async () => {
    const place = createWorkplace();
    fill(place.folder);

    const ended = await importWhileOneVanishes(place);
    const items = await itemsOf('hostile');

    expect(items).toEqual({
      '00-sparse.bin': ['imported', expect.any(String)],
      'bad-%FF%FE%0A.txt': ['imported', expect.any(String)],
      broken: ['missing', 'broken link: its target does not exist'],
      copy: ['imported', expect.any(String)],
      empty: ['skipped', 'empty file'],
      'good.txt': ['skipped', 'duplicate'],
      'link-to-folder': ['skipped', 'link to a folder, not followed'],
      'locked-folder': ['failed', expect.stringContaining('EACCES')],
      'locked.txt': ['failed', expect.stringContaining('EACCES')],
      loop: ['missing', 'broken link: it leads back to itself'],
      pipe: ['skipped', 'not a regular file: named pipe'],
      'zz-vanishes.txt': ['missing', 'vanished after it was listed'],
    });
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(targetFiles(place.state)).toHaveLength(3);
    expect(peakMebibytes(ended)).toBeLessThan(250);
  });

  it('tells the diagnosis of each failure', async () => {
    const place = createWorkplace();
    writeFileSync(join(place.folder, 'locked.txt'), 'secret');
    chmodSync(join(place.folder, 'locked.txt'), 0);

    const { code } = await startImporter({
      ...place,
      args: ['--session-id', 'locked'],
      env: { DATABASE_URL: database.url, SPANLEDGER_EXIT_TIMEOUT: '30000' },
    }).ended;

    const [error] = await query(
      'select details, recommended_actions, error_type from spanledger.audit_log where session_id = $1 and event = $2',
      ['locked', 'import.item.error'],
    );
    expect(code).toBe(1);
    expect(JSON.stringify(error)).toContain('permission_denied');
    expect(error?.recommended_actions).not.toEqual([]);
  });
});

function fill(folder: string): void {
  writeFileSync(join(folder, '00-sparse.bin'), '');
  truncateSync(join(folder, '00-sparse.bin'), 300 * mebibyte);
  writeFileSync(
    Buffer.concat([Buffer.from(`${folder}/bad-`), Buffer.of(0xff, 0xfe), Buffer.from('\n.txt')]),
    'odd name',
  );
  symlinkSync('nowhere', join(folder, 'broken'));
  writeFileSync(join(folder, 'copy'), 'same');
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'good.txt'), 'same');
  symlinkSync('.', join(folder, 'link-to-folder'));
  mkdirSync(join(folder, 'locked-folder'), 0o000);
  onTestFinished(() => chmodSync(join(folder, 'locked-folder'), 0o700));
  writeFileSync(join(folder, 'locked.txt'), 'secret');
  chmodSync(join(folder, 'locked.txt'), 0);
  symlinkSync('loop', join(folder, 'loop'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  writeFileSync(join(folder, 'zz-vanishes.txt'), 'soon gone');
}

/** With one file in work at a time, the large one keeps the importer busy while the last one is taken away. */
async function importWhileOneVanishes(place: Workplace): Promise<Ended> {
  const importer = startImporter({
    ...place,
    args: ['--session-id', 'hostile', '--concurrency', '1'],
    // A machine that is busy is no reason to lose what the test looks for.
    env: { DATABASE_URL: database.url, SPANLEDGER_EXIT_TIMEOUT: '30000' },
  });
  await importer.untilPrinted('0/12 files');
  rmSync(join(place.folder, 'zz-vanishes.txt'));
  return importer.ended;
}

async function itemsOf(sessionId: string): Promise<Record<string, [state: string, reason: string]>> {
  const rows = await query('select id, state, reason from spanledger.import_items where session_id = $1', [sessionId]);
  return Object.fromEntries(rows.map(({ id, state, reason }) => [String(id), [String(state), String(reason)]]));
}

async function query(sql: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

function peakMebibytes({ stderr }: Ended): number {
  return Number(/peak memory (\d+) KiB/.exec(stderr)?.[1]) / 1024;
}
