import type { Attributes, Meter, ObservableResult } from '@opentelemetry/api';
import { detachedText } from '../storable/detached-text.ts';
import { processClock } from './clock.ts';
import { attribute, metricTable } from './conventions.ts';

/** What is asked of an open unit. */
export interface OpenUnitFacts {
  readonly kind: string;
  readonly attributes: Attributes;
  /** Microseconds since the epoch. */
  readonly startedAt: number;
}

/** More names than that make one: a name that holds an id must not fill the memory of whoever collects. */
const mostNames = 200;

/** Beyond it a program leaves units open, and they are not kept from being forgotten. */
const mostUnits = 50_000;

/**
 * The units that are open in this process. They are counted when somebody collects, which costs a unit less than counters that
 * are told of its start and its end.
 */
export class OpenUnits {
  /** In the order in which they began. */
  readonly #units = new Set<OpenUnitFacts>();

  opened(unit: OpenUnitFacts): void {
    if (this.#units.size < mostUnits) this.#units.add(unit);
  }

  closed(unit: OpenUnitFacts): void {
    this.#units.delete(unit);
  }

  /** Lets a meter ask how many are open and how old the oldest is, by unit, task and step. */
  observe(meter: Meter): void {
    const describe = (key: 'unitsOpen' | 'unitsOldest', unit: string) => ({ description: metricTable[key][2], unit });
    const open = meter.createObservableUpDownCounter(metricTable.unitsOpen[0], describe('unitsOpen', '{unit}'));
    const oldest = meter.createObservableGauge(metricTable.unitsOldest[0], describe('unitsOldest', 's'));
    open.addCallback((result) => this.#tell(result, (group) => group.count));
    oldest.addCallback((result) => {
      const now = processClock().now();
      this.#tell(result, (group) => Math.max(0, now - group.oldestAt) / 1_000_000);
    });
  }

  /** Also of a name of which nothing is open any more: a gauge that is silent would keep its last value. */
  readonly #known = new Map<string, Attributes>();

  #tell(result: ObservableResult, value: (group: Group) => number): void {
    const groups = new Map<string, Group>();
    for (const unit of this.#units) {
      const key = this.#keyOf(unit);
      const group = groups.get(key) ?? { count: 0, oldestAt: unit.startedAt };
      group.count += 1;
      group.oldestAt = Math.min(group.oldestAt, unit.startedAt);
      groups.set(key, group);
    }
    const none = { count: 0, oldestAt: processClock().now() };
    for (const [key, attributes] of this.#known) result.observe(value(groups.get(key) ?? none), attributes);
  }

  #keyOf({ kind, attributes }: OpenUnitFacts): string {
    const task = String(attributes[attribute.taskName] ?? '');
    const step = String(attributes[attribute.stepName] ?? '');
    const key = `${kind}\0${task}\0${step}`;
    if (this.#known.has(key)) return key;
    if (this.#known.size >= mostNames) {
      this.#known.set(kind, { unit: kind, task: 'other', step: 'other' });
      return kind;
    }
    this.#known.set(key, { unit: kind, task: detachedText(task), step: detachedText(step) });
    return key;
  }
}

interface Group {
  count: number;
  oldestAt: number;
}
