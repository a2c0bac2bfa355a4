// @ts-check
// The program of keep-up.js: items, each a span with five events, at a rate. Says when it begins and how many there were. Ends when it
// is told to.
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
/** Before anything counts the code is compiled. */
const warmUpItems = 2_000;

/** With a collector of its own: OpenTelemetry with OTLP alone, without a ledger. */
if (collector !== undefined) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = new OTLPTraceExporter({ url: `${collector}/v1/traces` });
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] }));
}

await importSession({ id: `keep-up-${process.pid}`, kind: 'local' }, async (session) => {
  let number = 0;
  const make = () => {
    number += 1;
    return session.item({ id: `2026/holiday/IMG_${number}.jpg` }, (item) => {
      item.to('checking');
      item.to('moving');
      item.to('updating');
    });
  };
  while (number < warmUpItems) {
    for (let turn = 0; turn < itemsPerTurn; turn += 1) await make();
    await setImmediate();
  }
  await setTimeout(1_500);
  process.send?.('begun');
  const items = await atRate(make);
  process.send?.({ ...items, warmUp: number - items.items });
  await new Promise((resolve) => process.once('message', resolve));
});
process.exit(0);

/** @param {() => Promise<unknown>} make */
async function atRate(make) {
  const startedAt = performance.now();
  let items = 0;
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1_000;
    if (elapsed >= seconds) return { items, millis: performance.now() - startedAt };
    const due = rate * elapsed;
    if (items >= due) await setTimeout(1);
    else await setImmediate();
    for (let turn = 0; turn < itemsPerTurn && items < due; turn += 1) {
      items += 1;
      await make();
    }
  }
}
