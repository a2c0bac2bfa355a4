// A service under load: sessions, items, steps, audits, log lines and requests. Whatever a call has recorded is written to the file
// of acknowledgements, after that call has returned and never before. Runs with `--import spanledger/register`. With `threads` as many worker
// threads do the same beside it, each ended by `terminate` after about `terminateMillis` and followed by the next.
import { openSync, writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { SpanKind, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { openSession } from 'spanledger';

const load = {
  name: 'load',
  items: Infinity,
  itemsPerSecond: 0,
  lanes: 1,
  message: '',
  threads: 0,
  terminateMillis: 300,
  ...JSON.parse(process.env.LOAD),
  ...workerData,
};
const acknowledgements = openSync(load.acknowledgements, 'a');
const tracer = trace.getTracer('mixed-load');
const logger = logs.getLogger('mixed-load');
const delay = monitorEventLoopDelay({ resolution: 5 });

let isStopping = false;
let isHeld = false;
let begun = 0;
let ended = 0;
let calls = [];
let skewMillis = 0;

process.on('message', ({ stop, hold, skew, itemsPerSecond }) => {
  if (stop) isStopping = true;
  if (hold !== undefined) isHeld = hold;
  if (itemsPerSecond !== undefined) load.itemsPerSecond = itemsPerSecond;
  if (skew !== undefined) skewMillis = skew;
});
const wallClock = Date.now;
Date.now = () => wallClock() + skewMillis;

/** One call into spanledger: timed, then acknowledged. */
function told(key, call) {
  const begin = performance.now();
  const result = call();
  calls.push(performance.now() - begin);
  writeSync(acknowledgements, `${key}\n`);
  return result;
}

function request(name) {
  const attributes = { 'http.request.method': 'GET', 'url.path': `/${name}`, 'http.response.status_code': 200 };
  tracer.startSpan(`GET /${name}`, { kind: SpanKind.SERVER, attributes }).end();
}

async function work(session, number) {
  const id = session === shared ? `${load.name}-i${number}` : `i${number}`;
  const unit = `${session.id} ${id}`;
  let isSkipped = false;
  const isRun = await session.item({ id }, async (item) => {
    told(`to ${unit} analyzing`, () => item.state);
    await step(item, unit, 'read');
    told(`audit ${unit}`, () =>
      item.audit({ event: 'load.audit', message: `${unit}${load.message}`, details: { number } }),
    );
    told(`to ${unit} checking`, () => item.to('checking'));
    told(`log ${unit}`, () => logger.emit({ body: unit, severityText: 'INFO' }));
    await step(item, unit, 'move');
    told(`request /${session.id}/${id}`, () => request(`${session.id}/${id}`));
    if (load.days !== undefined && number % 5 === 0) logOn(load.days[(number / 5) % load.days.length], unit);
    const poison = (load.doses ?? []).filter(({ item: at }) => at === number).map(({ dose }) => dose);
    for (const dose of poison) doses[dose]?.(item, unit);
    const isLong = poison.includes('cut-column');
    isSkipped = isLong || number % 7 === 0;
    if (isSkipped) told(`to ${unit} skipped`, () => item.skip(isLong ? 'no end '.repeat(40) : 'duplicate'));
    return true;
  });
  if (isRun && !isSkipped) told(`to ${unit} imported`, () => undefined);
  ended += 1;
}

/** A log line of another time, as from a clock that is wrong or a file that is read again. */
function logOn(day, unit) {
  const body = `${unit} on ${day}`;
  told(`log ${body}`, () => logger.emit({ body, timestamp: new Date(day) }));
}

/** Records that a broken database refuses, one each. */
const doses = {
  constraint(item, unit) {
    const message = `${unit} constraint`;
    told(`audit ${message}`, () => item.audit({ event: 'load.audit', message, details: { poison: true } }));
  },
  oversize(item) {
    const name = `${item.sessionId}/${item.id}/${Array.from({ length: 500 }, word).join('/')}`;
    told(`request /${name}`, () => request(name));
  },
};

/** Hardly compressible, and no secret to anybody. */
function word() {
  return Math.floor(Math.random() * 36 ** 7).toString(36);
}

async function step(item, unit, name) {
  const handle = told(`start ${unit} ${name}`, () => item.startStep(name));
  handle.output({ name });
  await undefined;
  told(`end ${unit} ${name}`, () => handle.end());
}

async function lane(session) {
  while (!isStopping && begun < load.items) {
    if (isHeld) {
      await setTimeout(20);
      continue;
    }
    const number = begun;
    begun += 1;
    if (load.itemsPerSecond > 0) await setTimeout((1000 * load.lanes) / load.itemsPerSecond);
    else if (number % 10 === 0) await setImmediate();
    // Every fifth item belongs to a session in which all processes work.
    await work(shared !== undefined && number % 5 === 0 ? shared : session, number);
  }
}

/** What the program felt since the last time, for the fault to judge. */
function tellWindow() {
  calls.sort((one, other) => one - other);
  const at = (share) => calls[Math.min(calls.length - 1, Math.floor(calls.length * share))] ?? 0;
  process.send?.({
    at: performance.timeOrigin + performance.now(),
    ended,
    calls: calls.length,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    loopDelayP99: delay.percentile(99) / 1e6,
    rssBytes: process.memoryUsage.rss(),
  });
  calls = [];
  delay.reset();
}

/** A session of its own in a worker thread, until it is ended in the middle of it. */
async function startThread(name, generation = 0) {
  if (isStopping) return;
  const worker = new Worker(new URL(import.meta.url), { workerData: { name: `${name}-${generation}`, threads: 0 } });
  await setTimeout(load.terminateMillis * (0.5 + Math.random()));
  await worker.terminate();
  await startThread(name, generation + 1);
}

delay.enable();
const windows = setInterval(tellWindow, load.windowMillis ?? 250);
const session = await openSession({ id: load.name, kind: 'load', accountId: 'faults' });
const shared = load.shared === undefined ? undefined : await openSession({ id: load.shared, kind: 'load' });
process.send?.({ ready: true });
if (isMainThread)
  for (let thread = 0; thread < load.threads; thread += 1) void startThread(`${load.name}-thread${thread}`);
await Promise.all(Array.from({ length: load.lanes }, () => lane(session)));
session.complete();
shared?.complete();
clearInterval(windows);
tellWindow();
process.disconnect?.();
