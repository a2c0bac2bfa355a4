// Writes the reference pages in docs/, and the schema of spanledger.yaml, from the data that the code runs on. Needs dist/ (`npm run build`).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configurationPage } from './docs/configuration.js';
import { conventionsPage } from './docs/conventions.js';
import { errorsPage } from './docs/errors.js';
import { benchmarkResults, performancePage } from './docs/performance.js';
import { statesPage } from './docs/states.js';
import { tablesPage } from './docs/tables.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const load = (path) => import(new URL(`../dist/${path}`, import.meta.url).href);
const merge = async (...paths) => Object.assign({}, ...(await Promise.all(paths.map(load))));

const pages = {
  'states.md': statesPage(
    await merge(
      'domain/session-states.js',
      'domain/item-states.js',
      'domain/task-status.js',
      'domain/consistency-rules.js',
      'domain/verdict.js',
    ),
  ),
  'errors.md': errorsPage(await merge('domain/errors.js', 'domain/diagnosis-patterns.js')),
  'conventions.md': conventionsPage(await merge('telemetry/conventions.js', 'domain/audit.js')),
  'tables.md': tablesPage({ ...(await load('projection/tables.js')), sql: migrations() }),
  'performance.md': performancePage(benchmarkResults(join(root, 'bench', 'results'))),
  'configuration.md': configurationPage(
    (await load('configuration/setting-table.js')).settingTable,
    (await load('configuration/function-fields.js')).functionFields,
  ),
};

for (const [name, text] of Object.entries(pages)) writeFileSync(join(root, 'docs', name), text);

const { fileSchema } = await load('configuration/file-schema.js');
writeFileSync(join(root, 'spanledger.schema.json'), `${JSON.stringify(fileSchema(), undefined, 2)}\n`);

function migrations() {
  const folder = join(root, 'src', 'shipping', 'migrations');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}
