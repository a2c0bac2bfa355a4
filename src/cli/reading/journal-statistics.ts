import { type ItemGroup, isItemState, itemStates } from '../../domain/item-states.ts';
import { detailsOf } from '../rendering/event-text.ts';
import { number, text, time, toEventRow, type Values } from './cells.ts';
import type { ItemStatistics, NamedCount, PerformanceSummary, Statistics, StatisticsScope } from './statistics.ts';

/** Computes the figures of `spanledger stats` from rows that are not in a database. */
export async function journalStatistics(
  scope: StatisticsScope,
  sessions: readonly Values[],
  items: readonly Values[],
  events: AsyncIterable<Values>,
): Promise<Statistics> {
  const tallies = await tallyEvents(events, scope);
  const ofScope = sessions.filter((values) => isWithin(values.id, values.started_at, scope));
  return {
    ...itemStatistics(items.filter((values) => isWithin(values.session_id, values.started_at, scope))),
    sessions: mostFrequent(countBy(ofScope.map(({ state }) => String(state ?? 'pending')))),
    top_errors: mostFrequent(tallies.errors).slice(0, 5),
    performance: slowest(tallies.performance).slice(0, 10),
    inconsistencies: [...tallies.inconsistencies].map(toNamedCount).toSorted((a, b) => (a.name < b.name ? 1 : -1)),
  };
}

function isWithin(id: Values[string], at: Values[string], { sessionId, since }: StatisticsScope): boolean {
  const isOfSession = sessionId === undefined || id === sessionId;
  return isOfSession && (since === undefined || (number(at) ?? 0) >= since.getTime() * 1000);
}

function itemStatistics(items: readonly Values[]): ItemStatistics {
  const groups = countBy(items.map(({ state }) => groupOf(state)));
  const ended = items.filter(({ started_at: start, ended_at: end }) => number(start) !== null && number(end) !== null);
  const millis = ended.map(({ started_at: start, ended_at: end }) => (Number(end) - Number(start)) / 1000);
  const starts = ended.map(({ started_at: start }) => Number(start));
  const span = (maximum(ended.map(({ ended_at: end }) => Number(end))) - minimum(starts)) / 1_000_000;
  const failed = groups.get('failed') ?? 0;
  return {
    items: items.length,
    succeeded: groups.get('imported') ?? 0,
    skipped: groups.get('skipped') ?? 0,
    failed,
    error_rate: items.length === 0 ? null : failed / items.length,
    mean_ms: millis.length === 0 ? null : millis.reduce((sum, value) => sum + value, 0) / millis.length,
    p95_ms: percentile(millis, 0.95),
    items_per_second: span > 0 ? ended.length / span : null,
  };
}

function groupOf(state: Values[string]): ItemGroup {
  return isItemState(state) ? itemStates[state].countsAs : 'pending';
}

/** The continuous percentile, as the database computes it. */
function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (position - Math.floor(position));
}

interface Tallies {
  readonly errors: Map<string, number>;
  readonly inconsistencies: Map<string, number>;
  readonly performance: Map<string, { count: number; total: number }>;
}

async function tallyEvents(events: AsyncIterable<Values>, scope: StatisticsScope): Promise<Tallies> {
  const tallies: Tallies = { errors: new Map(), inconsistencies: new Map(), performance: new Map() };
  for await (const values of events) {
    if (isWithin(values.session_id, values.created_at, scope)) tallyEvent(tallies, values);
  }
  return tallies;
}

function tallyEvent({ errors, inconsistencies, performance }: Tallies, values: Values): void {
  const level = text(values.level);
  if (level === 'error' || level === 'critical') increment(errors, errorName(values));
  if (values.category === 'consistency' && level !== 'info' && level !== 'debug') {
    increment(inconsistencies, time(values.created_at)?.toISOString().slice(0, 10) ?? '');
  }
  const took = number(values.duration_ms);
  if (values.category !== 'performance' || took === null) return;
  const row = toEventRow(values);
  const operation = String(detailsOf(row.details).operation ?? row.message);
  const { count, total } = performance.get(operation) ?? { count: 0, total: 0 };
  performance.set(operation, { count: count + 1, total: total + took });
}

function errorName(values: Values): string {
  const row = toEventRow(values);
  return String(detailsOf(row.details).category ?? row.error_type ?? row.event);
}

function slowest(performance: Tallies['performance']): readonly PerformanceSummary[] {
  const summaries = [...performance].map(([operation, { count, total }]) => ({
    operation,
    count,
    mean_ms: total / count,
  }));
  return summaries.toSorted((a, b) => b.mean_ms - a.mean_ms || (a.operation < b.operation ? -1 : 1));
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) increment(counts, name);
  return counts;
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function mostFrequent(counts: ReadonlyMap<string, number>): readonly NamedCount[] {
  return [...counts].map(toNamedCount).toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

function toNamedCount([name, count]: readonly [string, number]): NamedCount {
  return { name, count };
}

function maximum(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY);
}

function minimum(values: readonly number[]): number {
  return values.reduce((min, value) => Math.min(min, value), Number.POSITIVE_INFINITY);
}
