import { type Meter, metrics, type ObservableResult } from '@opentelemetry/api';
import type { Journal } from '../journal/journal.ts';
import { metricTable, scopeName } from '../telemetry/conventions.ts';
import { scopeVersion } from '../telemetry/instrumentation-scope.ts';
import { type ShippingMemory, shippedRecords, unshippedBytes } from './shipping-memory.ts';

/** Lets the registered meter provider watch the ledger: what was written, dropped and why, shipped, and what waits. */
export function observeLedger(journal: Journal, memory: ShippingMemory): void {
  const meter = metrics.getMeter(scopeName, scopeVersion);
  observeCounter(meter, 'recordsAppended', (result) => {
    for (const [kind, count] of Object.entries(journal.stats().appended)) result.observe(count, { class: kind });
  });
  observeCounter(meter, 'recordsDropped', (result) => {
    for (const [kind, reasons] of Object.entries(journal.stats().dropped)) {
      for (const [reason, count] of Object.entries(reasons)) result.observe(count, { class: kind, reason });
    }
  });
  observeCounter(meter, 'recordsShipped', (result) => result.observe(shippedRecords(memory)));
  const [name, , description] = metricTable.journalBytes;
  meter
    .createObservableGauge(name, { description, unit: 'By' })
    .addCallback((result) => result.observe(unshippedBytes(memory)));
}

function observeCounter(
  meter: Meter,
  key: 'recordsAppended' | 'recordsDropped' | 'recordsShipped',
  observe: (result: ObservableResult) => void,
): void {
  const [name, kind, description] = metricTable[key];
  const unit = kind.slice(kind.indexOf(' ') + 1);
  meter.createObservableCounter(name, { description, unit }).addCallback(observe);
}
