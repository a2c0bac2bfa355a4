import { type Meter, metrics, type ObservableResult } from '@opentelemetry/api';
import type { Journal } from '../journal/journal.ts';
import { metricTable, scopeName } from '../telemetry/conventions.ts';
import { scopeVersion } from '../telemetry/instrumentation-scope.ts';

/** Lets the registered meter provider watch the journal: what was written, what was dropped and why. */
export function observeJournal(journal: Journal): void {
  const meter = metrics.getMeter(scopeName, scopeVersion);
  observableCounter(meter, 'recordsAppended', (result) => {
    for (const [kind, count] of Object.entries(journal.stats().appended)) result.observe(count, { class: kind });
  });
  observableCounter(meter, 'recordsDropped', (result) => {
    for (const [kind, reasons] of Object.entries(journal.stats().dropped)) {
      for (const [reason, count] of Object.entries(reasons)) result.observe(count, { class: kind, reason });
    }
  });
}

function observableCounter(
  meter: Meter,
  key: 'recordsAppended' | 'recordsDropped',
  observe: (result: ObservableResult) => void,
): void {
  const [name, kind, description] = metricTable[key];
  const unit = kind.slice(kind.indexOf(' ') + 1);
  meter.createObservableCounter(name, { description, unit }).addCallback(observe);
}
