import type { ContextCarrier } from '../../telemetry/carried-context.ts';
import { type Job, jobKey } from './job.ts';

const mostPerGeneration = 5_000;

/**
 * The contexts in which jobs were sent by this process, as far as the last 5,000 to 10,000 of them are remembered: for the libraries that
 * have no place for a context of their own.
 */
export class SentJobs {
  #recent = new Map<string, ContextCarrier>();
  #older = new Map<string, ContextCarrier>();

  remember(job: Pick<Job, 'system' | 'queue' | 'id'>, carrier: ContextCarrier): void {
    if (this.#recent.size >= mostPerGeneration) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(jobKey(job), carrier);
  }

  carrierOf(job: Pick<Job, 'system' | 'queue' | 'id'>): ContextCarrier | undefined {
    const key = jobKey(job);
    return this.#recent.get(key) ?? this.#older.get(key);
  }
}
