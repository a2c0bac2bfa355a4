import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../harness/database.ts';
import { freePort } from '../../harness/free-port.ts';
import { runCli, runJson } from '../cli-process.ts';
import { sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';

async function createOutage() {
  const directory = temporaryDirectory();
  writeJournal(directory, sampleRecords());
  const url = `postgres://user:secret@127.0.0.1:${await freePort()}/ledger`;
  return { environment: { DATABASE_URL: url, SPANLEDGER_DIR: directory } };
}

describe('while Postgres is down', () => {
  it('sessions, session, logs, timeline, running and report answer from the journals and say so', async () => {
    const place = await createOutage();
    const commands = [['sessions'], ['session', '12'], ['logs'], ['timeline', '12'], ['running'], ['report', '12']];
    for (const argv of commands) {
      const { output, errors, code } = await runCli(argv, place);
      expect(code, argv.join(' ')).toBe(0);
      expect(output.length).toBeGreaterThan(100);
      expect(errors).toMatch(/^note: The database .* cannot be reached: .*\nnote: answering from the journals in /);
      expect(errors).not.toContain('secret');
    }
  });

  it('filters as exactly as the database does', async () => {
    const place = await createOutage();
    const records = await runJson(['logs', '--session-id', '12', '--all', '--last', '1000'], place);
    expect(new Set(records.map((row) => row.session_id))).toEqual(new Set(['12']));
    expect((await runCli(['session', '1'], place)).code).toBe(1);
  });

  it('what needs the whole ledger ends with 3 and says what to do', async () => {
    const place = await createOutage();
    for (const argv of [['check'], ['migrate', 'current']]) {
      const { output, errors, code } = await runCli(argv, place);
      expect({ output, code }, argv.join(' ')).toEqual({ output: '', code: 3 });
      expect(errors).toMatch(
        /^SPANLEDGER_DATABASE_UNREACHABLE: .*\n {2}See that the server runs, and check host and port\./,
      );
    }
  });

  it('a database without the schema counts as one that cannot answer', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    const { output, errors, code } = await runCli(['sessions'], {
      environment: { DATABASE_URL: empty.url, SPANLEDGER_DIR: directory },
    });
    expect(code).toBe(0);
    expect(output).toContain('failing');
    expect(errors).toMatch(/^note: The database .* has no tables of spanledger in a schema spanledger\.\n/);
  });
});

const empty = useDatabase('empty');

describe('a database that does not let us', () => {
  const migrated = useDatabase();
  const place = (url: string) => ({ environment: { DATABASE_URL: url, SPANLEDGER_DIR: temporaryDirectory() } });
  const withAdmin = async (...statements: string[]) => {
    const client = new pg.Client({ connectionString: migrated.url });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };

  it('is told with the right that is missing by migrate, listings and doctor', async () => {
    const name = `outsider_${process.pid}`;
    await withAdmin(`create role ${name} login password 'word'`);
    const asOutsider = (url: string) => Object.assign(new URL(url), { username: name, password: 'word' }).href;
    const migrate = await runCli(['migrate', 'up'], place(asOutsider(empty.url)));
    const listing = await runCli(['sessions'], place(asOutsider(migrated.url)));
    const doctor = await runCli(['doctor'], place(asOutsider(migrated.url)));
    await withAdmin(`drop role ${name}`);
    expect(migrate).toMatchObject({ output: '', code: 3 });
    expect(migrate.errors).toMatch(
      /^SPANLEDGER_DATABASE_FORBIDDEN: .* permission denied for database .*\n {2}Let its owner grant /,
    );
    expect(listing).toMatchObject({ output: 'No sessions match.\n', code: 0 });
    expect(listing.errors).toMatch(
      /^note: The database .* permission denied for schema spanledger\.\nnote: answering from the journals/,
    );
    expect(doctor.output).toMatch(
      /FINDING {2}schema {8}it could not be asked for: .* permission denied .*\n +-> Let its owner grant /,
    );
  });

  it('is found by doctor where nothing can be written', async () => {
    const name = new URL(migrated.url).pathname.slice(1);
    await withAdmin(`alter database "${name}" set default_transaction_read_only = on`);
    const { output, code } = await runCli(['doctor'], place(migrated.url));
    await withAdmin(
      'set session characteristics as transaction read write',
      `alter database "${name}" reset default_transaction_read_only`,
    );
    expect(code).toBe(1);
    expect(output).toMatch(
      /FINDING {2}database .* takes no writes: default_transaction_read_only is on\n +-> The database is a standby/,
    );
  });
});

describe('where nothing has been recorded', () => {
  it('listings are empty, explain themselves and leave no directory behind', async () => {
    const directory = join(temporaryDirectory(), 'absent');
    const { output, errors, code } = await runCli(['sessions', '--dir', directory]);
    expect({ output, code }).toEqual({ output: 'No sessions match.\n', code: 0 });
    expect(errors).toBe(`note: nothing has been recorded yet; there is no directory ${directory}.\n`);
    expect((await runCli(['sessions', '--dir', directory])).errors).toBe(errors);
  });

  it('an id is not found', async () => {
    const { errors, code } = await runCli(['session', '12', '--dir', join(temporaryDirectory(), 'absent')]);
    expect(code).toBe(1);
    expect(errors).toContain('SPANLEDGER_NOT_FOUND: There is no session 12.');
  });
});

describe('wrong settings', () => {
  it('a database URL that is none ends the call instead of answering from somewhere else', async () => {
    const { output, errors, code } = await runCli(['sessions'], { environment: { DATABASE_URL: 'mysql://host/db' } });
    expect({ output, code }).toEqual({ output: '', code: 2 });
    expect(errors).toBe(
      'SPANLEDGER_DATABASE_URL_INVALID: The database URL is not usable: DATABASE_URL does not hold one.\n  Use postgres://user:password@host:port/database; / ? # @ and % in the password are written %2F %3F %23 %40 and %25.\n',
    );
  });

  it('an unknown variable is told and does no harm', async () => {
    const place = { environment: { SPANLEDGER_DRI: 'x' }, cwd: temporaryDirectory() };
    const { errors, code } = await runCli(['sessions'], place);
    expect(code).toBe(0);
    expect(errors).toMatch(/^warning: .*SPANLEDGER_DRI.*did you mean SPANLEDGER_DIR\?/);
  });
});
