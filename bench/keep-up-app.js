// @ts-check
// The program of keep-up.js: items, each a span with five events, at a rate, and says how many there were. Ends when it is told to.
//
//   node [--import spanledger/register] bench/keep-up-app.js RATE SECONDS [COLLECTOR]
import { setImmediate, setTimeout } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { importSession } from 'spanledger';

const rate = Number(process.argv[2]);
const seconds = Number(process.argv[3]);
const collector = process.argv[4];
/** Items between two looks at the clock. */
const itemsPerTurn = 16;

/** With a collector of its own: OpenTelemetry with OTLP alone, without a ledger. */
if (collector !== undefined) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = new OTLPTraceExporter({ url: `${collector}/v1/traces` });
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] }));
}

let items = 0;
await importSession({ id: `keep-up-${process.pid}`, kind: 'local' }, async (session) => {
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1_000;
    if (elapsed >= seconds) break;
    if (items >= rate * elapsed) await setTimeout(1);
    else await setImmediate();
    for (let turn = 0; turn < itemsPerTurn && items < rate * elapsed; turn += 1) {
      items += 1;
      await session.item({ id: `2026/holiday/IMG_${items}.jpg` }, (item) => {
        item.to('checking');
        item.to('moving');
        item.to('updating');
      });
    }
  }
  process.send?.({ items, millis: performance.now() - startedAt, cpu: process.cpuUsage(cpuBefore) });
  await new Promise((resolve) => process.once('message', resolve));
});
process.exit(0);
