import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../harness/database.ts';
import { runImporter, runNode, startImporter } from './importer-process.ts';
import { createWorkplace, targetFiles } from './workplace.ts';

const database = useDatabase();
const files = 400;

describe('the local importer when it is interrupted', { timeout: 120_000 }, () => {
  it('ends canceled with 130 on Ctrl-C and leaves nothing half done', async () => {
    const place = createWorkplace();
    writeFiles(place.folder, 'stopped');
    const env = { DATABASE_URL: database.url };
    const importer = startImporter({ ...place, args: ['--session-id', 'stopped'], env });
    await importer.untilPrinted('20 %');
    importer.child.kill('SIGINT');

    const { code, stdout } = await importer.ended;
    await ship(place.state);

    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'canceled' });
    expect(await query('select state from spanledger.import_sessions where id = $1', ['stopped'])).toEqual([
      { state: 'canceled' },
    ]);
    expect(readdirSync(join(place.state, 'target/.incoming'))).toEqual([]);
    expect(
      await query(
        "select 1 from spanledger.import_items where session_id = $1 and ended_at is null and state <> 'pending'",
        ['stopped'],
      ),
    ).toEqual([]);
  });

  it('takes a killed session up again: every file once in catalogue and target, every record once in the ledger', async () => {
    const place = createWorkplace();
    writeFiles(place.folder, 'killed');
    const options = { ...place, args: ['--session-id', 'killed'], env: { DATABASE_URL: database.url } };
    const victim = startImporter(options);
    await victim.untilPrinted('30 %');
    victim.child.kill('SIGKILL');
    expect(await victim.ended).toMatchObject({ signal: 'SIGKILL' });
    await ship(place.state);

    const { code, report } = await runImporter(options);
    await ship(place.state);

    expect(code).toBe(0);
    expect(report).toMatchObject({
      state: 'imported',
      counts: { total: files, imported: files, skipped: 0, failed: 0 },
    });
    const catalogue = await query('select path, sha256 from catalogue where session_id = $1', ['killed']);
    expect(catalogue).toHaveLength(files);
    expect(hashesOf(place.state)).toEqual(catalogue.map(({ sha256 }) => sha256).sort());
    expect(readdirSync(join(place.state, 'target/.incoming'))).toEqual([]);
    expect(await query(itemsByState, ['killed'])).toEqual([{ state: 'imported', count: files }]);
    expect(await query(endsPerItem, ['killed'])).toEqual([{ items: files, ends: files }]);
    expect(await query(twins, ['killed'])).toEqual([]);
  });
});

const itemsByState = 'select state, count(*)::int from spanledger.import_items where session_id = $1 group by state';

const endsPerItem = `
  select count(distinct item_id)::int as items, count(*)::int as ends
  from spanledger.audit_log
  where session_id = $1 and event = 'import.item.transition' and to_state = 'imported'`;

const twins = `
  select trace_id, span_id, seq, count(*)::int
  from spanledger.audit_log where session_id = $1 and seq is not null
  group by trace_id, span_id, seq having count(*) > 1`;

function writeFiles(folder: string, prefix: string): void {
  for (let i = 0; i < files; i += 1) writeFileSync(join(folder, `file-${i}.txt`), `${prefix} ${i}`);
}

async function ship(state: string): Promise<void> {
  const env = { DATABASE_URL: database.url, SPANLEDGER_DIR: join(state, 'ledger') };
  const { code, stderr, stdout } = await runNode(['dist/cli/main.js', 'ship'], env);
  if (code !== 0) throw new Error(`spanledger ship ended with ${code}: ${stdout}${stderr}`);
}

function hashesOf(state: string): string[] {
  return targetFiles(state)
    .map((path) => createHash('sha256').update(readFileSync(path)).digest('hex'))
    .sort();
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
