import { type Attributes, createNoopMeter, type MeterProvider, metrics } from '@opentelemetry/api';
import { metricTable, scopeName } from './conventions.ts';
import { scopeVersion } from './instrumentation-scope.ts';

/** The instruments that the telemetry API feeds. */
export interface TelemetryMetrics {
  /** Whether anybody collects them, so that nothing is prepared for nobody. */
  readonly isLive: boolean;
  sessionEnded(attributes: Attributes, seconds: number): void;
  itemEnded(attributes: Attributes, seconds: number): void;
  stepEnded(attributes: Attributes, seconds: number): void;
  unitOpened(kind: string): void;
  unitClosed(kind: string): void;
  transitionRefused(machine: 'session' | 'item'): void;
  errorRecorded(category: string): void;
}

const nothing = (): void => undefined;

/** Where no meter provider is registered. */
const silent: TelemetryMetrics = {
  isLive: false,
  sessionEnded: nothing,
  itemEnded: nothing,
  stepEnded: nothing,
  unitOpened: nothing,
  unitClosed: nothing,
  transitionRefused: nothing,
  errorRecorded: nothing,
};

let known: { readonly provider: MeterProvider; readonly metrics: TelemetryMetrics } | undefined;

/**
 * The instruments, of whatever meter provider is registered now: the metrics API, unlike the trace API, hands out no
 * proxies, so instruments made before the SDK was set up would stay dead.
 */
export function telemetryMetrics(): TelemetryMetrics {
  const provider = metrics.getMeterProvider();
  if (known?.provider !== provider) known = { provider, metrics: createMetrics(provider) };
  return known.metrics;
}

function createMetrics(provider: MeterProvider): TelemetryMetrics {
  const meter = provider.getMeter(scopeName, scopeVersion);
  if (meter === createNoopMeter()) return silent;
  const counter = (key: 'sessions' | 'items' | 'transitionsRefused' | 'errors') => {
    const [name, kind, description] = metricTable[key];
    return meter.createCounter(name, { description, unit: kind.slice(kind.indexOf(' ') + 1) });
  };
  const histogram = (key: 'sessionDuration' | 'itemDuration' | 'stepDuration') => {
    const [name, , description] = metricTable[key];
    return meter.createHistogram(name, { description, unit: 's' });
  };
  const [openName, , openDescription] = metricTable.unitsOpen;
  const open = meter.createUpDownCounter(openName, { description: openDescription, unit: '{unit}' });
  const sessions = counter('sessions');
  const items = counter('items');
  const refused = counter('transitionsRefused');
  const errors = counter('errors');
  const sessionDuration = histogram('sessionDuration');
  const itemDuration = histogram('itemDuration');
  const stepDuration = histogram('stepDuration');
  return {
    isLive: true,
    sessionEnded(attributes, seconds) {
      sessions.add(1, attributes);
      sessionDuration.record(seconds, attributes);
    },
    itemEnded(attributes, seconds) {
      items.add(1, attributes);
      itemDuration.record(seconds, attributes);
    },
    stepEnded: (attributes, seconds) => stepDuration.record(seconds, attributes),
    unitOpened: (kind) => open.add(1, unitAttributes(kind)),
    unitClosed: (kind) => open.add(-1, unitAttributes(kind)),
    transitionRefused: (machine) => refused.add(1, { machine }),
    errorRecorded: (category) => errors.add(1, { category }),
  };
}

const knownUnits = new Map<string, Attributes>();

/** The same object for each kind: units open and close often, and their kinds are few. */
function unitAttributes(kind: string): Attributes {
  const attributes = knownUnits.get(kind) ?? { unit: kind };
  knownUnits.set(kind, attributes);
  return attributes;
}
