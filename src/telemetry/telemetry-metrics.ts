import { type Attributes, createNoopMeter, type MeterProvider, metrics } from '@opentelemetry/api';
import { metricTable, scopeName } from './conventions.ts';
import { scopeVersion } from './instrumentation-scope.ts';
import { type OpenUnitFacts, OpenUnits } from './open-units.ts';

/** The instruments that the telemetry API feeds. */
export interface TelemetryMetrics {
  /** Whether anybody collects them, so that nothing is prepared for nobody. */
  readonly isLive: boolean;
  sessionEnded(attributes: Attributes, seconds: number): void;
  itemEnded(attributes: Attributes, seconds: number): void;
  stepEnded(attributes: Attributes, seconds: number): void;
  unitOpened(unit: OpenUnitFacts): void;
  unitClosed(unit: OpenUnitFacts): void;
  transitionRefused(machine: 'session' | 'item'): void;
  errorRecorded(category: string): void;
  loopRun(attributes: Attributes, seconds: number): void;
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
  loopRun: nothing,
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
  const counter = (key: 'sessions' | 'items' | 'transitionsRefused' | 'errors' | 'loopRuns') => {
    const [name, kind, description] = metricTable[key];
    return meter.createCounter(name, { description, unit: kind.slice(kind.indexOf(' ') + 1) });
  };
  const histogram = (key: 'sessionDuration' | 'itemDuration' | 'stepDuration' | 'loopDuration') => {
    const [name, , description] = metricTable[key];
    return meter.createHistogram(name, { description, unit: 's' });
  };
  const open = new OpenUnits();
  open.observe(meter);
  const sessions = counter('sessions');
  const items = counter('items');
  const refused = counter('transitionsRefused');
  const errors = counter('errors');
  const sessionDuration = histogram('sessionDuration');
  const itemDuration = histogram('itemDuration');
  const stepDuration = histogram('stepDuration');
  const loopRuns = counter('loopRuns');
  const loopDuration = histogram('loopDuration');
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
    unitOpened: (unit) => open.opened(unit),
    unitClosed: (unit) => open.closed(unit),
    transitionRefused: (machine) => refused.add(1, { machine }),
    errorRecorded: (category) => errors.add(1, { category }),
    loopRun(attributes, seconds) {
      loopRuns.add(1, attributes);
      loopDuration.record(seconds, attributes);
    },
  };
}
