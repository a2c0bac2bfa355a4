import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditOn } from '../../src/recording/audit-on-client.ts';
import { importSession } from '../../src/telemetry/import-session.ts';
import { useDatabase } from '../harness/database.ts';
import { listen, useSdk } from '../telemetry/captured-events.ts';

describe('an audit record on the own client (S1.44)', () => {
  const database = useDatabase();
  let client: pg.Client;

  beforeEach(async () => {
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('truncate spanledger.audit_log');
  });
  afterEach(() => client.end());

  const events = async () => (await client.query('select * from spanledger.audit_log order by created_at')).rows;

  it('is rolled back and committed with the work it tells of', async () => {
    await client.query('begin');
    await auditOn(client, { event: 'order.approved', message: 'never happened' });
    await client.query('rollback');
    expect(await events()).toEqual([]);
    await client.query('begin');
    await auditOn(client, { event: 'order.approved', message: 'happened', details: { token: 'secret', n: 1n } });
    await client.query('commit');
    const [row, ...others] = await events();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ event: 'order.approved', message: 'happened', level: 'info' });
    expect(row.details).toMatchObject({ n: 1 });
    expect(JSON.stringify(row.details)).not.toContain('secret');
  });

  it('carries the ids around it and is announced to nobody else', async () => {
    const before = Date.now();
    useSdk();
    const captured = listen();
    await importSession({ id: 'own-client', kind: 'local' }, async (session) => {
      await session.item({ id: 'a\0b' }, async () =>
        auditOn(client, { message: 'NUL \0 and \ud800', error: new Error('boom') }),
      );
    });
    const [row] = await events();
    expect(row).toMatchObject({ session_id: 'own-client', item_id: 'a\ufffdb', error_message: 'boom', level: 'error' });
    expect(row.created_at.getTime()).toBeGreaterThanOrEqual(before - 1000);
    expect(captured.all.map(({ name }) => name)).not.toContain('audit');
  });

  it('rejects as the client does, so that nothing is committed untold', async () => {
    await expect(auditOn(client, 'x', { schema: 'absent' })).rejects.toMatchObject({ code: '42P01' });
    await expect(auditOn(client, 'x', { schema: 'a"; drop schema spanledger; --' })).rejects.toMatchObject({
      code: 'SPANLEDGER_SETTING_INVALID',
    });
  });
});
