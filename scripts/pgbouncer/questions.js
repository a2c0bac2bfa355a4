// @ts-check
// Everything that the command line asks a ledger, through the pooler and past it.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('../../test/faults/stage.ts').Stage} Stage */

/** @param {string} session */
const questions = (session) => [
  ['sessions', '--json'],
  ['session', session, '--json'],
  ['logs', '--last', '50', '--json'],
  ['requests', '--last', '50', '--json'],
  ['requests', '--by-route', '--json'],
  ['requests', '--slowest', '--json'],
  ['timeline', session, '--json'],
  ['running', '--json'],
  ['stuck', '--json'],
  ['why', session],
  ['report', session, '--json'],
  ['check', '--json'],
  ['check', session, '--json'],
  ['stats', '--json'],
  ['incident', 'list', '--json'],
  ['retention', '--days', '1', '--dry-run', '--json'],
  ['migrate', 'current'],
  ['migrate', 'history'],
];

/** What differs with a number alone is a time that has gone on. @param {string} text */
const timeless = (text) => text.replace(/\d+([.,]\d+)*/g, '0');

/**
 * Asks each question through the pooler and past it: nothing may fail there that does not fail here, and the answers are to be the same.
 * @param {Stage} stage
 * @param {{ through: Ends, past: Ends, session: string }} places
 * @typedef {Readonly<Record<string, string | undefined>>} Ends
 */
export async function askEverything(stage, { through, past, session }) {
  const faults = [];
  for (const question of questions(session)) {
    const [one, other] = [await stage.run(question, { env: through }), await stage.run(question, { env: past })];
    const isSame = one.code === other.code && timeless(one.stdout) === timeless(other.stdout);
    if (!isSame || one.code === 2 || one.code === 3)
      faults.push(
        `spanledger ${question.join(' ')}: ${one.code} and ${other.code}: ${one.stderr}${other.stderr}${one.stdout.slice(0, 300)}`,
      );
  }
  return [...faults, ...(await exportBoth(stage, through, past))];
}

/** @param {Stage} stage @param {Ends} through @param {Ends} past */
async function exportBoth(stage, through, past) {
  const [one, other] = await Promise.all(
    Object.entries({ through, past }).map(async ([name, env]) => {
      const into = join(stage.directory, `export-${name}-${Date.now()}`);
      mkdirSync(into);
      const { code, stderr } = await stage.run(['export', '--out', into], { env });
      return { code, stderr, into, files: readdirSync(into).sort() };
    }),
  );
  if (one === undefined || other === undefined) return ['nothing was exported'];
  if (one.code !== 0 || other.code !== 0)
    return [`export ended with ${one.code} and ${other.code}: ${one.stderr}${other.stderr}`];
  const differing = one.files.filter(
    (file) => !readFileSync(join(one.into, file)).equals(readFileSync(join(other.into, file))),
  );
  if (one.files.length === 0 || differing.length > 0) return [`files of export differ: ${differing}`];
  const again = await stage.run(['import-csv', ...one.files.map((file) => join(one.into, file))], { env: through });
  return again.code === 0 ? [] : [`import-csv ended with ${again.code}: ${again.stderr}`];
}
