import { afterAll, beforeAll } from 'vitest';
import { until } from '../../faults/until.ts';
import { useDatabase } from '../../harness/database.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../register/otlp-receiver.ts';
import { createWorkshop, type Ended, type Program } from '../../register/program.ts';
import { type JobRecords, jobRecords, startedBy } from './job-records.ts';

export interface JobServiceOptions {
  /** File in `fixtures/jobs`: does its jobs in `JOBS_DATABASE_URL`, says `idle`, and ends with the next line of its input. */
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Name of a span that says that its jobs are done. */
  readonly lastSpan: string;
  /** A time in which it asks for jobs more than once. */
  readonly idleMillis: number;
}

/** What became of a service with jobs, as it is and recorded. To be read in tests. */
export interface JobService {
  readonly plain: Ended;
  readonly recorded: Ended;
  readonly records: JobRecords;
  readonly receiver: OtlpReceiver;
  /** The database of the recorded one. */
  readonly databaseUrl: string;
  /** Whether there were no spans for as long as it asks for jobs more than once. */
  readonly isQuietWhileIdle: boolean;
}

/** Runs the service twice at the same time, without the flag and with it, each on a database of its own, until its jobs are done. */
export function useJobService(options: JobServiceOptions): JobService {
  const [own, other] = [useDatabase('empty'), useDatabase('empty')];
  const workshop = createWorkshop();
  const service: { -readonly [Key in keyof JobService]?: JobService[Key] } = {};
  beforeAll(async () => {
    const receiver = await startOtlpReceiver();
    const script = `../../instrument/fixtures/jobs/${options.script}`;
    const env = {
      ...startedBy,
      ...options.env,
      JOBS_DATABASE_URL: own.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      // A machine that is busy is no reason to lose what the tests look for.
      SPANLEDGER_EXIT_TIMEOUT: '30000',
    };
    const runs = [
      workshop.start({ script, flags: [], env: { JOBS_DATABASE_URL: other.url } }),
      workshop.start({ script, env }),
    ] as const;
    Object.assign(service, { receiver, databaseUrl: own.url });
    await Promise.all(runs.map((run) => run.said('idle')));
    await until('the spans of its jobs', 20_000, () => receiver.spans.some(({ name }) => name === options.lastSpan));
    service.isQuietWhileIdle = await isQuiet(receiver, options.idleMillis);
    [service.plain, service.recorded] = await Promise.all([end(runs[0]), end(runs[1])]);
    service.records = jobRecords(await workshop.records());
  }, 120_000);
  afterAll(async () => {
    await workshop.remove();
    await service.receiver?.close();
  });
  return service as JobService;
}

/** Whether the last spans of the jobs come to an end, and none of the questions follow them. */
async function isQuiet({ spans }: OtlpReceiver, millis: number): Promise<boolean> {
  let [count, since] = [spans.length, performance.now()];
  const hasBeen = () => {
    if (spans.length > count) [count, since] = [spans.length, performance.now()];
    return performance.now() - since > millis;
  };
  return until('its questions make no spans', 20_000, hasBeen).then(
    () => true,
    () => false,
  );
}

function end(run: Program): Promise<Ended> {
  run.child.stdin?.write('end\n');
  return run.ended;
}
