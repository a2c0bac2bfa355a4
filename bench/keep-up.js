// @ts-check
// How many spans a second with five events each the ledger keeps up with, on one machine with its Postgres: the highest rate at
// which the journal does not grow, and what becomes of more than that, beside OpenTelemetry with OTLP alone. Needs a build, and a
// machine of its own: it tells how much of it others have used.
//
//   node bench/keep-up.js [--rate N] [--seconds N] [--from N] [--step SECONDS] [--server URL] [--json FILE]
//
// Without sizes it is the full measurement, and is kept in bench/results/keep-up.json.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { secondsBehind, startRuns } from './keep-up-run.js';
import { figure, report } from './measurement.js';
import { startServer } from './server.js';

const { values } = parseArgs({
  options: {
    rate: { type: 'string' },
    seconds: { type: 'string' },
    from: { type: 'string' },
    step: { type: 'string' },
    server: { type: 'string' },
    json: { type: 'string' },
  },
});
const { rate: sized, seconds: lasting, from, step } = values;
const isFull = [sized, lasting, from, step].every((size) => size === undefined);
const json = values.json ?? (isFull ? fileURLToPath(new URL('results/keep-up.json', import.meta.url)) : undefined);
const rate = Number(sized ?? 20_000);
const seconds = Number(lasting ?? 60);
const firstRate = Number(from ?? 500);
const stepSeconds = Number(step ?? 6);
const defaultJournalBytes = 2 * 1024 ** 3;
/** The journal does not grow where no more than what is written in this time is not stored yet. */
const heldSeconds = 1;
/** So many halvings between the last rate that was held and the first that was not. */
const halvings = 3;
const shownSamples = 12;

/** @typedef {import('./keep-up-run.js').Kept} Kept */
/** @typedef {{ rate: number, kept: Kept, held: 'yes' | 'the program is at its limit' | 'the journal grows' }} Step */

const server = await startServer(values.server);
const runs = await startRuns(server);
try {
  const steps = await climb();
  const main = await runs.keep(rate, seconds);
  console.error(`${figure(rate)} spans/s for ${seconds} s: ${figure(main.perSecond)} made, ${main.dropped} dropped`);
  const beside = await runs.keep(rate, seconds / 6, { withCollector: true });
  const alone = await runs.exportAlone(rate, seconds / 6);
  report(summarise({ steps, main, beside, alone }), { json, postgres: server.version });
} finally {
  runs.stop();
  await server.stop();
}

/** Doubles the rate until it is too high, and closes in on the highest that is held. */
async function climb() {
  /** @type {Step[]} */
  const steps = [];
  let [held, tooHigh] = [0, Number.POSITIVE_INFINITY];
  const test = async (/** @type {number} */ asked) => {
    const one = await measureStep(Math.round(asked));
    steps.push(one);
    if (one.held === 'yes') held = one.rate;
    else tooHigh = one.rate;
  };
  for (let next = firstRate; held < rate && tooHigh === Number.POSITIVE_INFINITY; next = 2 * held) {
    await test(Math.min(rate, next));
  }
  for (let left = halvings; left > 0 && held > 0 && held < rate; left -= 1) await test((held + tooHigh) / 2);
  return steps;
}

/** @param {number} asked @returns {Promise<Step>} */
async function measureStep(asked) {
  const kept = await runs.keep(asked, stepSeconds, { drain: false });
  const grows = secondsBehind(kept) > heldSeconds;
  const held = grows ? 'the journal grows' : kept.perSecond < asked * 0.98 ? 'the program is at its limit' : 'yes';
  console.error(
    `${figure(asked)} spans/s: ${figure(kept.perSecond)} made, ${figure(secondsBehind(kept))} s behind: ${held}`,
  );
  return { rate: asked, kept, held };
}

/**
 * @param {{ steps: readonly Step[], main: Kept, beside: Kept, alone: Kept }} measured
 * @returns {import('./measurement.js').Result}
 */
function summarise({ steps, main, beside, alone }) {
  const highest = Math.max(0, ...steps.filter(({ held }) => held === 'yes').map(({ rate: held }) => held));
  const byRate = steps.toSorted((one, other) => one.rate - other.rate);
  const growing = main.waitingBytes / seconds;
  return {
    name: 'keep-up',
    title: 'Keeping up',
    about: `A span with five events (an item with five transitions) makes ${figure(main.recordsPerItem)} records, ${figure(main.bytesPerItem)} bytes in the journal together. The program, its thread that ships and Postgres share the machine. A rate is held where after ${stepSeconds} s no more than the last ${heldSeconds} s wait in the journal. Then ${figure(rate)} spans/s are asked for, for ${seconds} s, and for a sixth of that with OTLP besides and with OTLP alone.`,
    bound: `The main thread decides how many spans can be made, and Postgres how many are stored: some tens of thousands of rows a second on a processor, and such a span makes ${figure(main.recordsPerItem)} records. What is above that rate stays in the journal until there is time. Where others use the processors too, all of these rates are lower.`,
    tables: [
      {
        title: 'Rates, up to the highest that is held',
        columns: [
          'spans/s asked for',
          'spans/s made',
          'records/s stored',
          'journal behind, s',
          'held',
          'processors used by others',
        ],
        rows: byRate.map(({ rate: asked, kept, held }) => [
          figure(asked),
          figure(kept.perSecond),
          figure(kept.storedPerSecond),
          figure(secondsBehind(kept)),
          held,
          figure(kept.processors.elsewhere),
        ]),
      },
      {
        title: `${figure(rate)} spans/s asked for`,
        columns: [
          'program',
          'spans/s made',
          'spans lost by OTLP',
          'records/s stored',
          'records dropped',
          'caught up after, s',
        ],
        rows: [
          runRow(`spanledger, ${seconds} s`, main),
          runRow('spanledger with OTLP', beside),
          runRow('OTLP alone', alone),
        ],
      },
      {
        title: 'Processors meanwhile',
        columns: [
          'program',
          'main thread',
          'its wait for a processor',
          'its other threads',
          'Postgres',
          'collector',
          'others',
        ],
        rows: [
          processorRow(`spanledger, ${seconds} s`, main),
          processorRow('spanledger with OTLP', beside),
          processorRow('OTLP alone', alone),
        ],
      },
      {
        title: 'The journal meanwhile',
        columns: ['second', 'MB waiting', 'records stored'],
        rows: shown(main.samples).map(({ at, waitingBytes, stored }) => [
          figure(at),
          figure(waitingBytes / 1e6),
          figure(stored),
        ]),
      },
      {
        title: 'How far that goes',
        columns: ['the journal grows by, MB/s', 'seconds until it drops at its default cap'],
        rows: [[figure(growing / 1e6), growing > 0 ? figure(defaultJournalBytes / growing) : 'never']],
      },
    ],
    goals: [
      { what: 'Records dropped or unaccounted for', bound: 'at most', limit: 0, value: main.dropped + main.missing },
      {
        what: 'Spans made of those asked for',
        bound: 'at least',
        limit: 0.98,
        value: main.perSecond / rate,
        unit: ' x',
      },
      { what: 'Highest rate that is held', bound: 'at least', limit: 1_000, value: highest, unit: ' spans/s' },
    ],
  };
}

/** @param {string} title @param {Kept} kept */
function runRow(title, kept) {
  const lost = Number.isNaN(kept.received)
    ? ''
    : `${figure(Math.max(0, 1 - kept.received / (kept.items + kept.warmUp)) * 100)} %`;
  const isLedger = Number.isFinite(kept.storedPerSecond);
  const stored = isLedger ? [figure(kept.storedPerSecond), kept.dropped, figure(kept.drainSeconds)] : ['', '', ''];
  return [title, figure(kept.perSecond), lost, ...stored];
}

/** @param {string} title @param {Kept} kept */
function processorRow(title, { processors }) {
  const { main, waited, others, postgres, collector, elsewhere } = processors;
  return [title, ...[main, waited, others, postgres, collector, elsewhere].map(figure)];
}

/** @template T @param {readonly T[]} samples @returns {readonly T[]} */
function shown(samples) {
  const every = Math.max(1, Math.ceil(samples.length / shownSamples));
  return samples.filter((_, index) => index % every === every - 1 || index === samples.length - 1);
}
