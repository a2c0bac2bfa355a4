import type { Job } from './job.ts';
import type { JobRecorder } from './job-recorder.ts';

/** A job that a program has taken itself. */
interface Fetched {
  readonly job: Job;
  /** When its library gives it to somebody else, in milliseconds of the process. */
  readonly until: number;
}

/** What its library gives a job that says nothing of it. */
const longestMillis = 15 * 60_000;

/**
 * Jobs that a program takes by itself, with no handler: a run lasts until the program says what has become of it. One of which it says
 * nothing ends as expired when its time is up and the program asks for more, as its library then gives it to somebody else.
 */
export class FetchedJobs {
  readonly #recorder: JobRecorder;
  readonly #now: () => number;
  /** By id, the oldest first. */
  readonly #open = new Map<string, Fetched>();

  constructor(recorder: JobRecorder, now: () => number = () => performance.now()) {
    this.#recorder = recorder;
    this.#now = now;
  }

  begin(jobs: readonly Job[]): void {
    const now = this.#now();
    for (const { job, until } of [...this.#open.values()]) if (until <= now) this.#expire(job);
    for (const job of jobs) {
      const earlier = this.#open.get(job.id);
      if (earlier !== undefined) this.#expire(earlier.job);
      this.#open.set(job.id, { job, until: now + (job.limitMillis ?? longestMillis) });
      this.#recorder.begin(job);
    }
  }

  /** The queue of a job that is at work; `undefined` for others. */
  queueOf(id: string): string | undefined {
    return this.#open.get(id)?.job.queue;
  }

  /** The program, or its library, has said what has become of a job. */
  ended(id: string): void {
    this.#open.delete(id);
  }

  #expire(job: Job): void {
    this.#open.delete(job.id);
    this.#recorder.settle(job, { status: 'expired', error: new Error('The job was fetched and never completed.') });
  }
}
