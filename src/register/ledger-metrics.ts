import { metrics, type ObservableResult } from '@opentelemetry/api';
import type { Journal } from '../journal/journal.ts';
import { metricTable, scopeName } from '../telemetry/conventions.ts';
import { scopeVersion } from '../telemetry/instrumentation-scope.ts';
import {
  clockOffsetSeconds,
  judgedUnits,
  refusedRecords,
  type ShippingMemory,
  schemaFaults,
  shipFailures,
  shippedRecords,
  unshippedBytes,
  unshippedRecords,
  waitingSeconds,
} from './shipping-memory.ts';

/**
 * Lets the registered meter provider watch the ledger: what was produced, written, dropped and why, shipped and refused, what waits and
 * since when, and how the database was found. What `spanledger doctor` tells of all processes, these tell of one.
 */
export function observeLedger(journal: Journal, memory: ShippingMemory): void {
  for (const [key, observe] of Object.entries(observations(journal, memory))) {
    const [name, kind, description] = metricTable[key as keyof typeof metricTable];
    const [instrument = '', unit = ''] = kind.split(' ');
    const meter = metrics.getMeter(scopeName, scopeVersion);
    const options = { description, unit };
    const observable =
      instrument === 'counter'
        ? meter.createObservableCounter(name, options)
        : meter.createObservableGauge(name, options);
    observable.addCallback(observe);
  }
}

type Observations = Partial<Record<keyof typeof metricTable, (result: ObservableResult) => void>>;

function observations(journal: Journal, memory: ShippingMemory): Observations {
  return {
    recordsProduced: (result) => observeClasses(result, journal.stats().produced),
    recordsAppended: (result) => observeClasses(result, journal.stats().appended),
    recordsDropped: (result) => {
      for (const [kind, reasons] of Object.entries(journal.stats().dropped)) {
        for (const [reason, count] of Object.entries(reasons)) result.observe(count, { class: kind, reason });
      }
    },
    recordsWaiting: (result) => observeClasses(result, journal.stats().waitingByClass),
    recordsShipped: (result) => result.observe(shippedRecords(memory)),
    recordsRefused: (result) => result.observe(refusedRecords(memory)),
    shipFailures: (result) => result.observe(shipFailures(memory)),
    journalBytes: (result) => result.observe(unshippedBytes(memory)),
    journalRecords: (result) => result.observe(unshippedRecords(memory)),
    journalAge: (result) => result.observe(waitingSeconds(memory)),
    clockOffset: (result) => observeKnown(result, clockOffsetSeconds(memory)),
    schemaFaults: (result) => observeKnown(result, schemaFaults(memory)),
    unitsStuck: (result) => observeKnown(result, judgedUnits(memory).stuck),
    unitsWaiting: (result) => observeKnown(result, judgedUnits(memory).waiting),
  };
}

function observeClasses(result: ObservableResult, counts: Readonly<Record<string, number>>): void {
  for (const [kind, count] of Object.entries(counts)) result.observe(count, { class: kind });
}

function observeKnown(result: ObservableResult, value: number | undefined): void {
  if (value !== undefined) result.observe(value);
}
