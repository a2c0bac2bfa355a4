import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/cli-process.ts';
import { secretTexts } from '../corpus/secrets.ts';
import { useDatabase } from '../harness/database.ts';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.ts';
import { createWorkshop, type Ended, type Workshop } from './program.ts';

const own = ['FAKE-argv-0001', 'FAKE-resource-0001', 'FAKE-setting-0001', 'CUST-000001', 'FAKE-path-0001'];
const cores = [...new Set([...secretTexts.flatMap((entry) => entry.cores), ...own])];

/** The secrets of the corpus that are somewhere in a text: none, if all is well. */
function leaksIn(text: string): readonly string[] {
  return cores.filter((core) => text.includes(core));
}

function bytesBelow(directory: string): string {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const contents = names.map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
  return contents
    .map((bytes, index) => (names[index]?.name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1'))
    .join('\n');
}

describe('a program that writes secrets wherever it can', () => {
  const database = useDatabase();
  let receiver: OtlpReceiver;
  let workshop: Workshop;
  let ended: Ended;
  let environment: Record<string, string>;
  const ledger = (): string => join(workshop.directory, 'ledger');
  const cli = (...argv: readonly string[]) => runCli(argv, { cwd: workshop.directory, environment });

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    workshop = createWorkshop();
    const corpus = join(workshop.directory, 'corpus.json');
    const texts = [
      ...secretTexts.map(({ text }) => text),
      'customer CUST-000001',
      JSON.stringify({ private: { note: 'FAKE-path-0001' } }),
    ];
    writeFileSync(corpus, JSON.stringify(texts));
    const settings = join(workshop.directory, 'spanledger.yaml');
    writeFileSync(settings, "redact:\n  patterns: ['CUST-\\d{6}']\n  keys: [private]\n");
    environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: ledger() };
    ended = await workshop.run({
      script: 'secrets.mjs',
      parameters: [corpus, '--token', 'FAKE-argv-0001'],
      env: {
        SPANLEDGER_CONFIG_FILE: settings,
        SPANLEDGER_DATABASE_PASSWORD: 'FAKE-setting-0001',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_RESOURCE_ATTRIBUTES: 'app.token=FAKE-resource-0001,app.kept=marker',
        OTEL_LOG_LEVEL: 'debug',
        SPANLEDGER_EXIT_TIMEOUT: '30000',
        SPANLEDGER_REQUESTS: 'all',
        SPANLEDGER_REQUEST_BODIES: 'on',
      },
    });
  });
  afterAll(async () => {
    await workshop.remove();
    await receiver.close();
  });

  it('is asked, and asks, as often as it has texts, and each request is a record with its bodies', async () => {
    const requests = (await workshop.records()).filter((record) => record.type === 'request');
    for (const direction of ['inbound', 'outbound']) {
      const made = requests.filter((request) => request.direction === direction);
      expect([direction, made.length]).toEqual([direction, secretTexts.length + 2]);
    }
    const kept = requests.filter(({ requestBody, responseBody }) => requestBody && responseBody);
    expect(kept.length).toBeGreaterThan(secretTexts.length / 2);
  });

  it('ends well, and what it is told about its start has no secret in it', () => {
    expect(ended).toMatchObject({ code: 0, stdout: 'written\n' });
    expect(ended.stderr).toContain('spanledger settings');
    expect(leaksIn(ended.stderr)).toEqual([]);
  });

  it('leaves no secret in the files of the journal', () => {
    const bytes = bytesBelow(ledger());
    expect(bytes).toContain('kept as it is');
    expect(bytes.split('[redacted]').length).toBeGreaterThan(cores.length);
    expect(leaksIn(bytes)).toEqual([]);
  });

  it('sends no secret over OTLP', () => {
    const sent = receiver.bodies.join('\n');
    expect(sent).toContain('marker');
    expect(receiver.spans.length).toBeGreaterThan(secretTexts.length);
    expect(receiver.metricNames.size).toBeGreaterThan(3);
    expect(receiver.logs.length).toBeGreaterThan(secretTexts.length);
    expect(leaksIn(sent)).toEqual([]);
  });

  it('shows none on the command line that reads the journals', async () => {
    const place = { cwd: workshop.directory, environment: { SPANLEDGER_DIR: ledger() } };
    const out = join(workshop.directory, 'from-journal');
    mkdirSync(out);
    await runCli(['export', '--from-journal', '--out', out], place);
    const bytes = bytesBelow(out);
    expect(bytes).toContain('kept as it is');
    expect(leaksIn(bytes)).toEqual([]);
  });

  it('has none in the database, nor in the letters that the database refuses', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(
      `alter table spanledger.audit_log add constraint no_letters check (message not like 'letter me%')`,
    );
    const shipped = await cli('ship');
    expect(leaksIn(shipped.output + shipped.errors)).toEqual([]);
    const letters = bytesBelow(join(ledger(), 'dead-letters'));
    expect(letters).toContain('letter me');
    expect(leaksIn(letters)).toEqual([]);
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'spanledger'`,
    );
    let stored = '';
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(
        `select coalesce(json_agg(t)::text, '') as text from ${name} t`,
      );
      stored += rows[0]?.text ?? '';
    }
    await client.end();
    expect(stored).toContain('kept as it is');
    expect(leaksIn(stored)).toEqual([]);
  });

  it.each([
    ['logs', '--all', '--last', '100000'],
    ['requests', '--last', '100000'],
    ['requests', '--last', '100000', '--json'],
    ['requests', '--by-route'],
    ['session', 'secrets'],
    ['timeline', 'secrets', '--last', '100000'],
    ['report', 'secrets'],
    ['check'],
    ['stats'],
    ['sessions'],
    ['running'],
    ['stuck'],
    ['doctor'],
    ['doctor', '--config'],
  ])('shows none by spanledger %s', async (...argv) => {
    for (const format of [[], ['--json']]) {
      const { output, errors } = await cli(...argv, ...format);
      expect(leaksIn(output + errors)).toEqual([]);
    }
  });

  it('writes none into files that are exported or archived', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`update spanledger.audit_log set created_at = created_at - interval '90 days'`);
    await client.end();
    await cli('export', '--out', join(workshop.directory, 'exported'));
    await cli('retention', '--days', '30', '--archive', join(workshop.directory, 'archive'));
    for (const name of ['exported', 'archive']) {
      const bytes = bytesBelow(join(workshop.directory, name));
      expect(bytes).toContain('[redacted]');
      expect(leaksIn(bytes)).toEqual([]);
    }
  });
});

describe("spanledger's own messages", () => {
  it.each([
    ['a setting that is wrong', { SPANLEDGER_SCHEMA: 'postgres://app:FAKE-setting-0001@db/x' }, ['doctor', '--config']],
    ['a database URL that is none', { DATABASE_URL: 'app:FAKE-setting-0001@db' }, ['logs']],
    [
      'a database that is not there',
      { DATABASE_URL: 'postgres://app:FAKE-setting-0001@127.0.0.1:1/x' },
      ['doctor', '--config'],
    ],
    ['a password of its own', { SPANLEDGER_DATABASE_PASSWORD: 'FAKE-setting-0001' }, ['doctor', '--config']],
    ['an unknown option', {}, ['logs', '--password=FAKE-setting-0001']],
  ])('hide the secret in %s', async (_, given, argv) => {
    const workshop = createWorkshop();
    const environment: Record<string, string> = { SPANLEDGER_DIR: join(workshop.directory, 'ledger'), ...given };
    const { output, errors } = await runCli(argv, { cwd: workshop.directory, environment });
    await workshop.remove();
    expect(output + errors).not.toBe('');
    expect(leaksIn(output + errors)).toEqual([]);
  });
});

it('the report on the start of a program tells where everything goes, and no secret', async () => {
  const workshop = createWorkshop();
  const app = join(workshop.directory, 'app.js');
  writeFileSync(app, '');
  const { output, errors, code } = await runCli(['doctor', '--', process.execPath, app, '--token', 'FAKE-argv-0001'], {
    cwd: workshop.directory,
    environment: {
      SPANLEDGER_DIR: join(workshop.directory, 'ledger'),
      SPANLEDGER_EXIT_TIMEOUT: '0',
      SPANLEDGER_REDACT_PATTERNS: 'CUST-\\d+',
      DATABASE_URL: 'postgres://me:FAKE-setting-0001@127.0.0.1:1/x',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:FAKE-setting-0001@127.0.0.1:1/?key=FAKE-path-0001',
      OTEL_RESOURCE_ATTRIBUTES: 'app.token=FAKE-resource-0001',
    },
  });
  await workshop.remove();
  expect({ code, errors: leaksIn(errors), output: leaksIn(output) }).toEqual({ code: 0, errors: [], output: [] });
  expect(output).toContain('http://me:***@127.0.0.1:1/?…');
  expect(output).toContain('further: /CUST-\\d+/');
});
