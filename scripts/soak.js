// @ts-check
// Runs the daemon of examples/inventory-sync under `spanledger run` for as long as you like, and looks whether anything grows or gets
// lost. Needs a build, of which it uses a copy of its own; Linux only, since /proc tells what is measured.
//
//   node scripts/soak.js [--minutes 22] [--json FILE] [--rate 200] [--kill-every MINUTES] [--restart-postgres-every MINUTES]
//
// Exit code: 0 nothing grows and every record is there once, 1 a finding, 2 wrong usage.
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeSample, describeSoak } from './soak/curve.js';
import { judgeGrowth } from './soak/growth.js';
import { checkLedger } from './soak/ledger.js';
import { takeSample } from './soak/sample.js';
import { createStage } from './soak/stage.js';

const sampleMillis = 10_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '22' },
    json: { type: 'string' },
    rate: { type: 'string', default: '200' },
    'kill-every': { type: 'string' },
    'restart-postgres-every': { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
const killMinutes = toMinutes(values['kill-every']);
const restartMinutes = toMinutes(values['restart-postgres-every']);
if (process.platform !== 'linux' || !(minutes > 0) || !(rate >= 1)) {
  process.stderr.write('Give --minutes above 0 and --rate from 1 on, and run it on Linux.\n');
  process.exit(2);
}

const stopped = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => stopped.abort());

const stage = await createStage({ rate });
try {
  const samples = await observe();
  await stage.endDaemon();
  const checks = await checkLedger(stage);
  const growth = judgeGrowth(samples);
  const findings = [...growth.flatMap(({ finding }) => finding ?? []), ...checks.findings];
  const result = { minutes, rate, killMinutes, restartMinutes, findings, growth, totals: checks.totals, samples };
  process.stdout.write(`${describeSoak(result)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 1)}\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
} finally {
  await stage.close();
}

/** Looks every ten seconds until the time is over or somebody stops it, and breaks what it was told to break. */
async function observe() {
  const began = performance.now();
  const samples = [];
  const dueKill = createAlarm(killMinutes);
  const dueRestart = createAlarm(restartMinutes);
  for (let next = began + sampleMillis; !stopped.signal.aborted; next += sampleMillis) {
    await pause(Math.max(0, next - performance.now()), undefined, { signal: stopped.signal }).catch(() => undefined);
    stage.requireDaemon();
    const sample = await takeSample(stage, (performance.now() - began) / 1000);
    samples.push(sample);
    process.stderr.write(`${describeSample(sample)}\n`);
    if (performance.now() - began >= minutes * 60_000) break;
    if (dueKill()) stage.killDaemon();
    if (dueRestart()) await stage.restartPostgres();
  }
  return samples;
}

/**
 * Rings at times by chance, so often on average.
 * @param {number | undefined} everyMinutes
 */
function createAlarm(everyMinutes) {
  if (everyMinutes === undefined) return () => false;
  const later = () => performance.now() + everyMinutes * 60_000 * (0.5 + Math.random());
  let due = later();
  return () => {
    if (performance.now() < due) return false;
    due = later();
    return true;
  };
}

/** @param {string | undefined} text */
function toMinutes(text) {
  return text === undefined ? undefined : Math.max(0.2, Number(text));
}
