import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { traceId } from './job-records.ts';
import { useJobService } from './job-service.ts';

const service = useJobService({
  script: 'pg-boss.cjs',
  env: { SPANLEDGER_JOB_CONTEXT: 'data' },
  lastSpan: 'task.step slow',
  idleMillis: 700,
});

describe('a service with pg-boss', () => {
  it('does and says what it does without the flag', () => {
    expect(service.plain).toMatchObject({ code: 0, stderr: '' });
    expect(service.plain.stdout).toContain('mail {"to":"nobody"} 1 1 true');
    expect({ ...service.recorded, seconds: 0 }).toEqual({ ...service.plain, seconds: 0 });
  });

  it('has a run for each attempt of a job, with queue, id, attempt and outcome, in the trace of whoever sent it', () => {
    const [good, first, second] = service.records
      .runs('mail')
      .toSorted((a, b) => Number(a.status > b.status) * -1 || a.at - b.at);
    expect(good).toMatchObject({ status: 'SUCCESS', attempt: 1, traceId, correlationId: 'order-77' });
    expect(first).toMatchObject({ status: 'FAILED', attempt: 1, errorMessage: 'there is no such mailbox', traceId });
    expect(second).toMatchObject({ status: 'FAILED', attempt: 2, taskId: first?.taskId });
    const sent = service.records.told('job.sent').filter(({ traceId: id }) => id === traceId);
    expect(sent.map(({ taskId }) => taskId)).toEqual(expect.arrayContaining([good?.taskId, first?.taskId]));
    const worked = service.receiver.spans.find(
      ({ attributes }) =>
        attributes['messaging.message.id'] === good?.taskId && attributes['messaging.operation.type'] === 'process',
    );
    expect(worked).toMatchObject({
      kind: 5,
      name: 'task.step mail',
      attributes: { 'messaging.system': 'pg-boss', 'messaging.destination.name': 'mail' },
    });
    const sender = service.receiver.spans.find(({ spanId }) => spanId === worked?.parentSpanId);
    expect(sender).toMatchObject({ kind: 4, name: 'send mail', attributes: { 'messaging.message.id': good?.taskId } });
  });

  it('tells whether a job that failed is tried again', () => {
    const { taskId } = service.records.runs('mail').find(({ status }) => status === 'FAILED') ?? {};
    const told = (name: string) => service.records.told(name).filter((one) => one.taskId === taskId);
    expect(told('job.retry')).toMatchObject([
      { message: expect.stringMatching(/attempt 1 of 2 failed, it is tried again$/) },
    ]);
    expect(told('job.exhausted')).toMatchObject([{ level: 'error', reason: 'there is no such mailbox' }]);
  });

  it('keeps the names and the size of the data, and nothing that it holds', () => {
    const inputs = service.records.runs('mail').map(({ input }) => JSON.parse(input ?? ''));
    expect(inputs).toContainEqual({
      system: 'pg-boss',
      queue: 'mail',
      id: service.records.runs('mail').find(({ status }) => status === 'SUCCESS')?.taskId,
      attempts: 3,
      data: { keys: ['to', 'password'], bytes: 33 },
    });
    expect(service.records.runs('mail').find(({ status }) => status === 'SUCCESS')?.output).toBe(
      '{"keys":["sent"],"bytes":10}',
    );
    expect(JSON.stringify([...service.records.ends, ...service.records.starts])).not.toMatch(/hunter2|"ann|nobody"/);
  });

  it('has a session for jobs that are taken together, and an item for each', () => {
    const items = service.records.ends.filter((one) => one.unit === 'item');
    expect(items.map(({ status, errorMessage }) => [status, errorMessage]).sort()).toEqual([
      ['FAILED', 'page 2 is empty'],
      ['SUCCESS', undefined],
      ['SUCCESS', undefined],
    ]);
    expect(new Set(items.map(({ itemId, taskId }) => itemId === taskId))).toEqual(new Set([true]));
    const [session] = service.records.ends.filter((one) => one.unit === 'session');
    expect(session).toMatchObject({
      taskName: 'report',
      sessionId: expect.stringMatching(/^pg-boss:report:/),
      total: 3,
    });
  });

  it('has a run for each job that the program fetches by itself, until it says what has become of it', () => {
    const sent = service.records.told('job.sent').filter(({ message }) => message?.endsWith('given to taken'));
    const runs = sent.map(({ taskId }) => service.records.runs('taken').filter((run) => run.taskId === taskId));
    expect(runs.map((ends) => ends.map(({ status, errorMessage }) => [status, errorMessage]))).toEqual([
      [['SUCCESS', undefined]],
      [['FAILED', 'two is too many']],
      [['FAILED', 'The job is over: cancel was called.']],
    ]);
    expect(service.recorded.stdout).toContain('taken {"name":"one"}');
  });

  it('ends a job that takes too long when pg-boss does, and tells of one that is canceled', () => {
    expect(service.records.runs('slow')).toMatchObject([
      { status: 'FAILED', errorMessage: 'handler execution exceeded 1000ms' },
    ]);
    expect(service.records.told('job.expired')).toMatchObject([{ taskId: service.records.runs('slow')[0]?.taskId }]);
    const never = service.records.told('job.sent').find(({ message }) => message.endsWith('given to never'));
    const canceled = service.records.told('job.canceled').filter(({ taskId }) => taskId === never?.taskId);
    expect(canceled).toMatchObject([{ reason: 'cancel was called' }]);
  });

  it('makes no span while its workers ask for jobs', () => {
    expect(service.isQuietWhileIdle).toBe(true);
    const parents = new Set(service.receiver.spans.map(({ spanId }) => spanId));
    const stray = service.receiver.spans.filter(
      ({ kind, parentSpanId }) => kind === 3 && !parents.has(parentSpanId) && parentSpanId !== 'b7ad6b7169203331',
    );
    expect(stray.map(({ name, attributes }) => [name, attributes['db.query.text']])).toEqual([]);
  });
});

it('carries the context in the data of a job where that is asked for, and hides it from the handler', async () => {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  const { rows } = await client.query("select data from pgboss.job where name = 'never'");
  await client.end();
  expect(rows[0].data).toEqual({
    a: 1,
    _spanledger: expect.objectContaining({
      traceparent: expect.stringContaining(traceId),
      'x-correlation-id': 'order-77',
    }),
  });
  expect(service.recorded.stdout).toContain('mail {"to":"ann","password":"hunter2"} 0 1 true');
});
