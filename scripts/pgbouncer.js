// @ts-check
// Proves what docs/operations.md says of poolers: runs programs and every command through a real PgBouncer in each of its modes, does harm to
// it meanwhile, and accounts for every record.
//
//   node scripts/pgbouncer.js [configuration ...]     SPANLEDGER_PGBOUNCER=/path/to/pgbouncer takes that one
//
// Needs PgBouncer 1.18 or later (apt-get install pgbouncer; 1.21 for prepared statements), openssl, and a build of this project. Some minutes
// for each configuration. Any failure ends with a code other than 0.
import { chmodSync } from 'node:fs';
import '../test/harness/typescript.js';
import { bouncerVersion, isAtLeast } from './pgbouncer/bouncer.js';
import { suitable, unsuitable } from './pgbouncer/configurations.js';
import { proveDelivery, proveRefusal } from './pgbouncer/delivery.js';

const { createStage } = await import('../test/faults/stage.ts');
const version = bouncerVersion();
const names = process.argv.slice(2);
const chosen = [...suitable, unsuitable].filter(({ name }) => names.length === 0 || names.includes(name));
console.log(`PgBouncer ${version}`);
for (const configuration of chosen) {
  const { name, since } = configuration;
  if (since !== undefined && !isAtLeast(version, since)) {
    console.log(`${name}: not proven, PgBouncer ${since} has it first`);
    continue;
  }
  process.stderr.write(`${name}:\n`);
  const stage = createStage('pgbouncer');
  // Where we are root the pooler is somebody else.
  chmodSync(stage.directory, 0o711);
  const endEarly = () => process.exit(1);
  process.once('SIGTERM', endEarly).once('SIGINT', endEarly);
  try {
    const { faults, figures } = await (configuration === unsuitable ? proveRefusal : proveDelivery)(
      stage,
      configuration,
    );
    const told = Object.entries(figures).map((pair) => pair.join(' '));
    console.log(`${name}: ${faults.length === 0 ? 'held' : 'FAILED'}, ${told.join(', ')}`);
    for (const fault of faults) console.log(`  - ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    process.off('SIGTERM', endEarly).off('SIGINT', endEarly);
    await stage.close();
  }
}
