import { toErrorRecord } from './error-record.ts';
import { performanceEvent } from './item-events.ts';
import type { MeasureOptions } from './item-scope.ts';
import type { UnitRuntime } from './unit.ts';
import type { UnitEvent } from './unit-event.ts';

/** Where a measurement goes. */
export interface MeasureSink {
  readonly runtime: UnitRuntime;
  emit(event: UnitEvent): void;
}

/** Runs `fn` and records how long it took, also when it throws; what it throws is thrown on unchanged. */
export async function measured<T>(
  sink: MeasureSink,
  operation: string,
  options: MeasureOptions,
  fn: () => T,
): Promise<Awaited<T>> {
  const { clock } = sink.runtime;
  const { fileSizeBytes } = options;
  const startedAt = clock.now();
  const durationMillis = () => Math.max(0, clock.now() - startedAt) / 1_000;
  try {
    const result = await fn();
    sink.emit(performanceEvent({ operation, durationMillis: durationMillis(), fileSizeBytes }));
    return result;
  } catch (error) {
    const record = toErrorRecord(error);
    sink.emit(performanceEvent({ operation, durationMillis: durationMillis(), fileSizeBytes, error: record }));
    throw error;
  }
}
