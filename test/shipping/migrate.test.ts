import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TableName, tables } from '../../src/projection/tables.ts';
import { createMigrator } from '../../src/shipping/migrate.ts';
import { listMigrations } from '../../src/shipping/migrations.ts';
import { createPostgresDatabase, type PostgresDatabase } from '../../src/shipping/postgres-database.ts';
import { migrate } from '../../src/shipping/postgres-migration.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { createDatabase, dropDatabase, useDatabase } from '../harness/database.ts';
import { auditRow, noon, shipment } from './sample-rows.ts';

let url: string;
let client: pg.Client;
let database: PostgresDatabase;

beforeEach(async () => {
  url = await createDatabase('empty');
  client = new pg.Client({ connectionString: url });
  await client.connect();
  database = createPostgresDatabase({ connectionString: url, maxConnections: 20 });
});
afterEach(async () => {
  await client.end();
  await database.close();
  await dropDatabase(url);
});

const rows = async (sql: string) => (await client.query(sql)).rows;
const ids = listMigrations().map(({ id }) => id);

describe('migrations', () => {
  test('are numbered from 1 without gaps', () => {
    expect(ids).toEqual(ids.map((_, index) => index + 1));
  });

  test('lead from nothing to the newest schema, once', async () => {
    const migrator = createMigrator(database, 'spanledger');
    expect(await migrator.current()).toBe(0);
    expect(await migrator.history()).toEqual([]);
    expect((await migrator.up()).map(({ id }) => id)).toEqual(ids);
    expect(await migrator.up()).toEqual([]);
    expect(await migrator.current()).toBe(migrator.latest);
    expect((await migrator.history()).map(({ id, name }) => ({ id, name }))).toEqual(
      listMigrations().map(({ id, name }) => ({ id, name })),
    );
  });

  test('are applied once each when twenty installers run at once', async () => {
    const installers = Array.from({ length: 20 }, () =>
      migrate({ connectionString: url, schema: 'spanledger', maxConnections: 1 }),
    );
    const applied = (await Promise.all(installers)).flat().map(({ id }) => id);
    expect(applied.sort((a, b) => a - b)).toEqual(ids);
  });

  test('are applied once each by several installers, whatever isolation the database has by default', async () => {
    await client.query(
      `alter database ${new URL(url).pathname.slice(1)} set default_transaction_isolation = serializable`,
    );
    const installers = Array.from({ length: 4 }, () => migrate({ connectionString: url, schema: 'spanledger' }));
    const applied = (await Promise.all(installers)).flat().map(({ id }) => id);
    expect(applied.sort((a, b) => a - b)).toEqual(ids);
  });

  test('leave nothing behind when one fails half-way', async () => {
    await client.query('create schema spanledger; create view spanledger.v_errors as select 1 as one');
    await expect(createMigrator(database, 'spanledger').up()).rejects.toMatchObject({ code: '42P07' });
    const views = listMigrations().find(({ name }) => name === 'views');
    expect(await rows('select max(id) as id from spanledger.migrations')).toEqual([{ id: (views?.id ?? 0) - 1 }]);
    expect(await rows("select 1 from pg_class where relname = 'v_running'")).toEqual([]);
    await client.query('drop view spanledger.v_errors');
    expect((await createMigrator(database, 'spanledger').up())[0]?.name).toBe('views');
  });

  test('refuse a schema that a newer version has migrated, in words and before the first row', async () => {
    const migrator = createMigrator(database, 'spanledger');
    await migrator.up();
    await client.query("insert into spanledger.migrations (id, name) values (9999, 'from-the-future')");
    await expect(migrator.up()).rejects.toMatchObject({ code: 'SPANLEDGER_SCHEMA_NEWER' });
    const store = createPostgresStore({ connectionString: url, now: () => noon });
    expect(await store.ship(shipment([auditRow()]))).toMatchObject({ status: 'unavailable', code: 'SCHEMA_NEWER' });
    expect(await rows('select 1 from spanledger.audit_log union all select 1 from spanledger.shipments')).toEqual([]);
    await store.close();
  });

  test('are asked for by name when the schema is missing or older', async () => {
    const store = createPostgresStore({ connectionString: url, now: () => noon });
    expect(await store.ship(shipment([auditRow()]))).toMatchObject({ status: 'unavailable', code: 'SCHEMA_MISSING' });
    await expect(store.query('select 1 from audit_log')).rejects.toMatchObject({ code: 'SPANLEDGER_SCHEMA_MISSING' });
    await store.migrator.up();
    await client.query(`delete from spanledger.migrations where id = ${store.migrator.latest}`);
    expect(await store.ship(shipment([auditRow()]))).toMatchObject({ status: 'unavailable', code: 'SCHEMA_OLDER' });
    await store.close();
  });

  test('may take longer than any other statement, as an index of a large table does', async () => {
    await client.query(`create function slow() returns event_trigger language plpgsql as 'begin perform pg_sleep(0.3); end';
      create event trigger slow on ddl_command_end when tag in ('DROP VIEW') execute function slow()`);
    const hurried = createPostgresDatabase({ connectionString: url, statementTimeoutMillis: 100 });
    expect((await createMigrator(hurried, 'spanledger').up()).map(({ id }) => id)).toEqual(ids);
    await hurried.close();
  });

  test('give way to who reads a table, whom all others would wait for behind them, and try again', async () => {
    await client.query(`create function no() returns event_trigger language plpgsql as 'begin raise exception $$no$$; end';
      create event trigger no on ddl_command_start when tag in ('ALTER TABLE') execute function no()`);
    await expect(createMigrator(database, 'spanledger').up()).rejects.toThrow('no');
    const [{ done }] = await rows('select max(id) as done from spanledger.migrations');
    await client.query('drop event trigger no');
    await client.query('begin; select from spanledger.task_progress');
    const pauses: number[] = [];
    const sleep = async (millis: number) => {
      pauses.push(millis);
      await client.query('commit');
    };
    const applied = await createMigrator(database, 'spanledger', { lockMillis: 100, sleep }).up();
    expect(applied.map(({ id }) => id)).toEqual(ids.slice(done));
    expect(pauses).not.toEqual([]);
  });

  test('go into a schema of any proper name, also one that needs quotes', async () => {
    for (const schema of ['Mixed-Case', 'select', 'a'.repeat(63)]) {
      await createMigrator(database, schema).up();
      const store = createPostgresStore({ connectionString: url, schema, now: () => noon });
      expect(await store.ship(shipment([auditRow()]))).toMatchObject({ status: 'stored' });
      expect(await store.query('select name from v_session_timeline')).toHaveLength(1);
      await store.close();
    }
  });

  test('never take a name that could be more than a name', () => {
    const names = ['', 'a"b', 'a; drop table x', "a'b", 'a$body$', 'pg_own', 'a'.repeat(64), 'ä', 'a\0'];
    for (const name of names) {
      expect(() => createMigrator(database, name)).toThrow(
        expect.objectContaining({ code: 'SPANLEDGER_SETTING_INVALID' }),
      );
    }
  });

  test('may be applied by the owner of a schema who can neither create schemas nor roles', async () => {
    const name = `owner_${Math.abs(Date.now() % 1e9)}`;
    await client.query(`create role ${name} login password 'x'; create schema spanledger authorization ${name}`);
    const ownUrl = new URL(url);
    ownUrl.username = name;
    ownUrl.password = 'x';
    expect(await migrate({ connectionString: ownUrl.href, schema: 'spanledger' })).toHaveLength(ids.length);
    await client.query(`drop owned by ${name} cascade; drop role ${name}`);
  });
});

describe('the schema', () => {
  const migrated = useDatabase();
  const ask = async (sql: string) => {
    const own = new pg.Client({ connectionString: migrated.url });
    await own.connect();
    try {
      return (await own.query(sql)).rows;
    } finally {
      await own.end();
    }
  };

  test.each(Object.keys(tables) as TableName[])('has the columns and key of %s that the code writes', async (name) => {
    const table = tables[name];
    const columns =
      await ask(`select column_name as name, replace(data_type, 'timestamp with time zone', 'timestamptz') as type
      from information_schema.columns where table_schema = 'spanledger' and table_name = '${name}'
      and column_name <> 'id' or table_name = '${name}' and column_name = 'id' and data_type = 'text' order by ordinal_position`);
    expect(columns).toEqual(expect.arrayContaining(table.columns.map(({ name, type }) => ({ name, type }))));
    expect(columns).toHaveLength(table.columns.length);
    const key = await ask(`select a.attname as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid
      and a.attnum = any(i.indkey) where i.indrelid = 'spanledger.${name}'::regclass and i.indisprimary order by array_position(i.indkey, a.attnum)`);
    expect(key.map((column) => column.name)).toEqual(table.key.length > 0 ? table.key : ['created_at', 'id']);
  });

  test('has nothing that would keep the tables from being distributed', async () => {
    expect(
      await ask("select conname from pg_constraint where contype = 'f' and connamespace = 'spanledger'::regnamespace"),
    ).toEqual([]);
    expect(await ask("select tgname from pg_trigger where tgrelid::regclass::text like 'spanledger.%'")).toEqual([]);
  });

  test('lets the writer add to the logs and never change them, and the reader only read', async () => {
    const can = async (role: string, table: string) => {
      const rights = ['select', 'insert', 'update', 'delete', 'truncate'];
      const [row] = await ask(
        `select ${rights.map((right) => `has_table_privilege('${role}', 'spanledger.${table}', '${right}') as "${right}"`).join(', ')}`,
      );
      return rights.filter((right) => row[right]);
    };
    for (const log of ['audit_log', 'api_logs']) {
      expect(await can('spanledger_writer', log)).toEqual(['insert']);
      expect(await can('spanledger_reader', log)).toEqual(['select']);
    }
    expect(await can('spanledger_writer', 'task_progress')).toEqual(['select', 'insert', 'update']);
    for (const table of ['shipments', 'instances', 'import_sessions', 'import_items'])
      expect(await can('spanledger_writer', table)).toEqual(['select', 'insert', 'update']);
    for (const role of ['spanledger_writer', 'spanledger_reader'])
      expect(await can(role, 'trimmed_sessions')).toEqual(['select']);
    expect(await can('spanledger_reader', 'v_session_timeline')).toEqual(['select']);
    expect(await can('spanledger_reader', 'task_progress')).toEqual(['select']);
  });

  test('can be written to, partitions included, by a user who has nothing but the writer role', async () => {
    const name = `writer_${Math.abs(Date.now() % 1e9)}`;
    await ask(`create role ${name} login password 'x' in role spanledger_writer`);
    const own = new URL(migrated.url);
    own.username = name;
    own.password = 'x';
    const store = createPostgresStore({ connectionString: own.href, now: () => noon });
    expect(await store.ship(shipment([auditRow()]))).toEqual({ status: 'stored', offset: 100 });
    expect(await store.heartbeat({ owner: shipment([]).owner, seenAt: noon })).toBe(true);
    await expect(store.query('select 1 from audit_log')).rejects.toMatchObject({
      code: 'SPANLEDGER_DATABASE_FORBIDDEN',
    });
    expect(await ask('select tableoid::regclass::text as partition from spanledger.audit_log')).toEqual([
      { partition: 'spanledger.audit_log_2025_11' },
    ]);
    await store.close();
    await ask(`drop role ${name}`);
  });

  test('makes a partition once when twenty shippers need it at the same moment', async () => {
    const stores = Array.from({ length: 20 }, (_, n) =>
      createPostgresStore({ connectionString: migrated.url, now: () => noon, maxConnections: 1 }).ship(
        shipment([auditRow({ created_at: Date.UTC(2025, 5, 15) * 1000 })], { segment: `p${n}` }),
      ),
    );
    expect(await Promise.all(stores)).toEqual(Array(20).fill({ status: 'stored', offset: 100 }));
    expect(await ask('select count(*)::int as n from spanledger.audit_log_2025_06')).toEqual([{ n: 20 }]);
  });
});
