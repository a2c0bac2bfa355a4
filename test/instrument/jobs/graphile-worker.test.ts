import { describe, expect, it } from 'vitest';
import { traceId } from './job-records.ts';
import { useJobService } from './job-service.ts';

const service = useJobService({
  script: 'graphile-worker.cjs',
  lastSpan: 'task.step note',
  idleMillis: 700,
});

describe('a service with graphile-worker', () => {
  it('does and says what it does without the flag, also with a list of tasks that is frozen', () => {
    expect(service.plain).toMatchObject({ code: 0, stderr: '' });
    expect(service.plain.stdout).toContain('mail {"to":"ann","password":"hunter2"} 1 2 false');
    expect({ ...service.recorded, seconds: 0 }).toEqual({ ...service.plain, seconds: 0 });
  });

  it('has a run for each job, in the trace of whoever sent it, and of the job that sent another', () => {
    const mails = service.records.runs('mail').toSorted((a, b) => (a.status < b.status ? 1 : -1));
    expect(mails).toMatchObject([
      { status: 'SUCCESS', attempt: 1, taskId: '1', traceId, correlationId: 'order-77' },
      { status: 'FAILED', attempt: 1, taskId: '2', traceId, errorMessage: 'there is no such mailbox' },
    ]);
    expect(service.records.runs('note')).toMatchObject([{ status: 'SUCCESS', traceId, correlationId: 'order-77' }]);
    const note = service.records.runs('note')[0];
    expect(service.records.told('job.sent').map(({ taskId }) => taskId)).toContain(note?.taskId);
    expect(mails[0]?.input).toBe(
      '{"system":"graphile-worker","queue":"mail","id":"1","attempts":25,"data":{"keys":["to","password"],"bytes":33}}',
    );
  });

  it('has what became of each entry of a job that is a list, and tells that it is not tried again', () => {
    expect(service.records.runs('pages')).toMatchObject([
      { status: 'FAILED', errorMessage: '1 of 3 entries failed:\npage 2 is empty' },
    ]);
    expect(service.records.told('task.step.progress')).toMatchObject([{ done: 2, total: 3 }]);
    const { taskId } = service.records.runs('pages')[0] ?? {};
    expect(
      service.records
        .told('job.exhausted')
        .map((one) => one.taskId)
        .sort(),
    ).toEqual(['2', taskId].sort());
  });

  it('makes no span while it asks for jobs', () => {
    expect(service.isQuietWhileIdle).toBe(true);
    const known = new Set([...service.receiver.spans.map(({ spanId }) => spanId), 'b7ad6b7169203331']);
    const stray = service.receiver.spans.filter(({ parentSpanId }) => !known.has(parentSpanId));
    expect(stray.map(({ name, attributes }) => [name, attributes['db.query.text']])).toEqual([]);
  });
});
