// @ts-check
// Programs that ship through a pooler while it is troubled, and every record afterwards.
import { setTimeout as pause } from 'node:timers/promises';
import '../../test/harness/typescript.js';
import { startBouncer } from './bouncer.js';
import { makeCertificate } from './certificate.js';
import { askEverything } from './questions.js';
import { command, troubles, withClient } from './troubles.js';

/**
 * @typedef {import('./configurations.js').Configuration} Configuration
 * @typedef {import('../../test/faults/stage.ts').Stage} Stage
 * @typedef {{ faults: readonly string[], figures: Readonly<Record<string, number>> }} Result
 */

const recoveryMillis = 90_000;
const itemsPerSecond = 12;
/** Two records that the database refuses among those that it takes. */
const poison = {
  breaks: `alter table spanledger.audit_log add constraint no_poison check (details ->> 'poison' is null)`,
  repairs: 'alter table spanledger.audit_log drop constraint no_poison',
  doses: [20, 60].map((item) => ({ item, dose: 'constraint' })),
};

/**
 * Proves that all works with a configuration that is fit for it.
 * @param {Stage} stage
 * @param {Configuration} configuration
 * @returns {Promise<Result>}
 */
export async function proveDelivery(stage, { settings, usesTls = false }) {
  const { accounting } = await import('../../test/faults/accounting.ts');
  const { readDeadLetters } = await import('../../src/journal/dead-letters.ts');
  const server = await stage.startServer({ migrated: false });
  const tls = usesTls ? await makeCertificate(stage.directory) : undefined;
  const bouncer = await startBouncer(`${stage.directory}/bouncer`, server.url, {
    ...settings,
    ...(tls && { client_tls_key_file: tls.key, client_tls_cert_file: tls.certificate }),
  });
  stage.closeLater(bouncer.stop);
  const through = {
    DATABASE_URL: bouncer.url.replace('no-verify', `verify-full&sslrootcert=${tls?.certificate}`),
  };
  const past = { DATABASE_URL: server.url };
  const faults = await install(stage, through);
  await execute(server.url, poison.breaks);
  const witness = stage.watchJournal();
  const apps = ['one', 'two', 'three'].map((name) =>
    stage.startApp({
      script: 'mixed-load.js',
      load: { name, itemsPerSecond, lanes: 3, shared: 'together', doses: name === 'two' ? poison.doses : [] },
      env: through,
    }),
  );
  await Promise.all(apps.map(({ ready }) => ready));
  const caughtUp = () => untilCaughtUp(server.url);
  await caughtUp();
  const recoveries = [];
  const size = Number(settings.default_pool_size ?? 20);
  const poolSize = settings.pool_mode === 'session' ? undefined : size;
  for (const [name, trouble] of Object.entries(troubles)) {
    await trouble({ bouncer, serverUrl: server.url, poolSize, caughtUp });
    const millis = await caughtUp().catch((error) => faults.push(`after ${name}: ${error.message}`));
    recoveries.push(millis);
    process.stderr.write(`  ${name}: ${Math.round(millis)} ms\n`);
  }
  const [killed, ...others] = apps;
  killed?.kill('SIGKILL');
  await killed?.ended;
  faults.push(...(await recover(stage, through, server.url)));
  for (const app of others) app.tell({ stop: true });
  for (const app of others) {
    const { code, stderr } = await app.ended;
    if (code !== 0) faults.push(`a program ended with ${code}: ${stderr.slice(-400)}`);
  }
  const letters = (await readDeadLetters(stage.ledger)).length;
  if (letters !== poison.doses.length) faults.push(`${letters} records were refused, not ${poison.doses.length}`);
  await execute(server.url, poison.repairs);
  for (const parameters of [['ship', '--dead-letters'], ['ship']]) {
    const { code, stderr } = await stage.run(parameters, { env: through });
    if (code !== 0) faults.push(`spanledger ${parameters.join(' ')} ended with ${code}: ${stderr}`);
  }
  const balance = await accounting({
    url: server.url,
    directories: [stage.ledger],
    acknowledged: stage.acknowledged(),
    written: witness.records(),
  });
  faults.push(...balance.faults, ...(balance.deadLetters > 0 ? [`${balance.deadLetters} dead letters`] : []));
  faults.push(...(await askEverything(stage, { through, past, session: 'two' })));
  faults.push(...(await retain(stage, through)));
  const figures = {
    stored: balance.stored,
    doubled: balance.doubled,
    recoveryMaxMillis: Math.round(Math.max(...recoveries)),
  };
  return { faults, figures };
}

/** @param {string} url @param {string} sql */
const execute = (url, sql) => withClient(url, (client) => client.query(sql));

/** Three installers at once, and an examination. @param {Stage} stage @param {Readonly<Record<string, string>>} env */
async function install(stage, env) {
  const installers = await Promise.all([1, 2, 3].map(() => stage.run(['migrate', 'up'], { env })));
  const faults = installers.flatMap(({ code, stderr }) =>
    code === 0 ? [] : [`migrate up ended with ${code}: ${stderr}`],
  );
  const { code, stdout, stderr } = await stage.run(['doctor'], { env });
  if (code !== 0) faults.push(`doctor ended with ${code}: ${stdout}${stderr}`);
  return faults;
}

/** Whoever lives closes the work of the dead one, through the pooler. @param {Stage} stage @param {Readonly<Record<string, string>>} env @param {string} url */
async function recover(stage, env, url) {
  const { code, stderr } = await stage.run(['recover'], { env });
  if (code > 1) return [`recover ended with ${code}: ${stderr}`];
  try {
    await until('the work of the dead program is closed', async () => {
      const { rows } = await withClient(url, (client) =>
        client.query(`select state, (select count(*)::int from spanledger.import_items where session_id = s.id
          and state not in ('imported', 'skipped', 'failed')) as open from spanledger.import_sessions s where id = 'one'`),
      );
      return rows[0]?.state === 'failed' && rows[0]?.open === 0;
    });
    return [];
  } catch (error) {
    return [String(error)];
  }
}

/** @param {Stage} stage @param {Readonly<Record<string, string>>} env */
async function retain(stage, env) {
  const { code, stderr } = await stage.run(['retention', '--days', '1', '--archive', `${stage.directory}/archive`], {
    env,
  });
  return code === 0 ? [] : [`retention ended with ${code}: ${stderr}`];
}

/** Milliseconds until something was stored that happened from now on. @param {string} url */
async function untilCaughtUp(url) {
  const now = new Date().toISOString();
  return until('the programs deliver', async () => {
    const { rows } = await withClient(url, (client) =>
      client.query(
        `select count(distinct session_id)::int as sessions from spanledger.audit_log where created_at > '${now}'`,
      ),
    );
    return rows[0].sessions >= 3;
  });
}

/** @param {string} what @param {() => Promise<boolean>} isSo */
async function until(what, isSo) {
  for (const begin = performance.now(); ; await pause(50)) {
    // A connection may be one of those that are killed.
    if (await isSo().catch(unlessBroken)) return performance.now() - begin;
    if (performance.now() - begin > recoveryMillis)
      throw new Error(`It took longer than ${recoveryMillis} ms until ${what}.`);
  }
}

/** @param {Error & { code?: string }} error */
function unlessBroken(error) {
  if (error.code !== undefined && !/^(08|57|E)/.test(error.code)) throw error;
  return false;
}

/**
 * Proves that a pooler which cuts transactions is refused in words, that nothing is lost meanwhile, and that it goes on when it is set right.
 * @param {Stage} stage
 * @param {Configuration} configuration
 * @returns {Promise<Result>}
 */
export async function proveRefusal(stage, { settings }) {
  const { settle } = await import('../../test/faults/settlement.ts');
  const server = await stage.startServer();
  const bouncer = await startBouncer(`${stage.directory}/bouncer`, server.url, settings);
  stage.closeLater(bouncer.stop);
  const env = { DATABASE_URL: bouncer.url };
  const witness = stage.watchJournal();
  const faults = [];
  const app = stage.startApp({ script: 'mixed-load.js', load: { name: 'one', itemsPerSecond, lanes: 3 }, env });
  await app.ready;
  for (const parameters of [['doctor'], ['migrate', 'up'], ['ship'], ['recover'], ['retention', '--days', '1']]) {
    const { code, stdout, stderr } = await stage.run(parameters, {
      env: { ...env, SPANLEDGER_SCHEMA: schemaFor(parameters) },
    });
    process.stderr.write(`  ${parameters.join(' ')}: ${code} ${stderr.trim() || stdout.trim()}\n`);
    if (code === 0 || !/pool_mode = transaction/.test(stdout + stderr))
      faults.push(`${parameters.join(' ')} ended with ${code} and does not say why: ${stdout}${stderr}`);
  }
  await until('the program says why it cannot ship', async () => /statement pooling mode/.test(app.output.stderr));
  await command(bouncer, `SET pool_mode = 'transaction'`);
  await until('the program delivers', async () => {
    const { rows } = await withClient(server.url, (client) =>
      client.query('select count(*)::int as n from spanledger.audit_log'),
    );
    return rows[0].n > 0;
  });
  app.tell({ stop: true });
  const settled = await settle(stage, { url: server.url, witness, app: await app.ended });
  return {
    faults: [...faults, ...settled.faults, ...settled.balance.faults],
    figures: { stored: settled.balance.stored },
  };
}

/** What is migrated already asks for nothing. @param {readonly string[]} parameters */
function schemaFor([name]) {
  return name === 'migrate' ? 'another' : 'spanledger';
}
