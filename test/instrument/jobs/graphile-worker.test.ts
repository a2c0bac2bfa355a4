import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../faults/until.ts';
import { useDatabase } from '../../harness/database.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../register/otlp-receiver.ts';
import { createWorkshop, type Ended, type Program } from '../../register/program.ts';
import { type JobRecords, jobRecords, startedBy, traceId } from './job-records.ts';

const script = '../../instrument/fixtures/jobs/graphile-worker.cjs';
const database = useDatabase('empty');
const other = useDatabase('empty');
const workshop = createWorkshop();
let receiver: OtlpReceiver;
let plain: Ended;
let recorded: Ended;
let records: JobRecords;
let spansWhileIdle: readonly string[] = [];

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  const runs = [
    workshop.start({ script, flags: [], env: { JOBS_DATABASE_URL: other.url } }),
    workshop.start({
      script,
      env: {
        ...startedBy,
        JOBS_DATABASE_URL: database.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
    }),
  ] as const;
  await Promise.all(runs.map((run) => run.said('idle')));
  await until('the spans of its jobs', 10_000, () => receiver.spans.some(({ name }) => name === 'task.step note'));
  const before = receiver.spans.length;
  const asked = performance.now();
  await until('two rounds of questions', 10_000, () => performance.now() - asked > 700);
  spansWhileIdle = receiver.spans.slice(before).map(({ name }) => name);
  [plain, recorded] = await Promise.all(runs.map(end) as [Promise<Ended>, Promise<Ended>]);
  records = jobRecords(await workshop.records());
}, 120_000);
afterAll(async () => {
  workshop.remove();
  await receiver.close();
});

function end(run: Program): Promise<Ended> {
  run.child.stdin?.write('end\n');
  return run.ended;
}

describe('a service with graphile-worker', () => {
  it('does and says what it does without the flag, also with a list of tasks that is frozen', () => {
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toContain('mail {"to":"ann","password":"hunter2"} 1 2 false');
    expect({ ...recorded, seconds: 0 }).toEqual({ ...plain, seconds: 0 });
  });

  it('has a run for each job, in the trace of whoever sent it, and of the job that sent another', () => {
    const mails = records.runs('mail').toSorted((a, b) => (a.status < b.status ? 1 : -1));
    expect(mails).toMatchObject([
      { status: 'SUCCESS', attempt: 1, taskId: '1', traceId, correlationId: 'order-77' },
      { status: 'FAILED', attempt: 1, taskId: '2', traceId, errorMessage: 'there is no such mailbox' },
    ]);
    expect(records.runs('note')).toMatchObject([{ status: 'SUCCESS', traceId, correlationId: 'order-77' }]);
    const note = records.runs('note')[0];
    expect(records.told('job.sent').map(({ taskId }) => taskId)).toContain(note?.taskId);
    expect(mails[0]?.input).toBe(
      '{"system":"graphile-worker","queue":"mail","id":"1","attempts":25,"data":{"keys":["to","password"],"bytes":33}}',
    );
  });

  it('has what became of each entry of a job that is a list, and tells that it is not tried again', () => {
    expect(records.runs('pages')).toMatchObject([
      { status: 'FAILED', errorMessage: '1 of 3 entries failed:\npage 2 is empty' },
    ]);
    expect(records.told('task.step.progress')).toMatchObject([{ done: 2, total: 3 }]);
    const { taskId } = records.runs('pages')[0] ?? {};
    expect(
      records
        .told('job.exhausted')
        .map((one) => one.taskId)
        .sort(),
    ).toEqual(['2', taskId].sort());
  });

  it('makes no span while it asks for jobs', () => {
    expect(spansWhileIdle).toEqual([]);
    const known = new Set([...receiver.spans.map(({ spanId }) => spanId), 'b7ad6b7169203331']);
    const stray = receiver.spans.filter(({ parentSpanId }) => !known.has(parentSpanId));
    expect(stray.map(({ name, attributes }) => [name, attributes['db.query.text']])).toEqual([]);
  });
});
