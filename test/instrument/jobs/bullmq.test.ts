import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithRedis, type RedisServer, startRedis } from '../../harness/redis-server.ts';
import { createWorkshop, type Ended } from '../../register/program.ts';
import { type JobRecords, jobRecords, startedBy, traceId } from './job-records.ts';

const script = '../../instrument/fixtures/jobs/bullmq.mjs';

describeWithRedis('a service with BullMQ', () => {
  const servers: RedisServer[] = [];
  const [all, lost] = [createWorkshop(), createWorkshop()];
  let plain: Ended;
  let recorded: Ended;
  let records: JobRecords;
  let stalled: JobRecords;

  beforeAll(async () => {
    servers.push(...(await Promise.all([startRedis(), startRedis(), startRedis()])));
    const [one, two, three] = servers.map(({ port }) => ({ REDIS_PORT: `${port}` }));
    const killed = async () => {
      const { signal } = await lost.run({ script, parameters: ['killed'], env: { ...three, ...startedBy } });
      expect(signal).toBe('SIGKILL');
      return lost.run({ script, parameters: ['stalled'], env: { ...three, SPANLEDGER_WATCHDOG_THRESHOLD: '60000' } });
    };
    [plain, recorded] = await Promise.all([
      all.run({ script, parameters: ['all'], flags: [], env: one ?? {} }),
      all.run({ script, parameters: ['all'], env: { ...two, ...startedBy } }),
      killed(),
    ]);
    records = jobRecords(await all.records());
    stalled = jobRecords(await lost.records());
  }, 120_000);
  afterAll(async () => {
    await Promise.all([all, lost].map((place) => place.remove()));
    await Promise.all(servers.map((one) => one.stop()));
  });

  const ofStep = (name: string) => records.ends.filter((one) => one.stepName === name).toSorted((a, b) => a.at - b.at);

  it('does and says what it does without the flag', () => {
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toContain('mail {"to":"ann","password":"hunter2"} 0 attempts');
    expect({ ...recorded, seconds: 0 }).toEqual({ ...plain, seconds: 0 });
  });

  it('has a run for each attempt of a job, under its queue and its name', () => {
    expect(ofStep('mail').toSorted((a, b) => Number(a.status < b.status))).toMatchObject([
      { taskName: 'jobs', status: 'SUCCESS', attempt: 1, traceId, correlationId: 'order-77' },
      { taskName: 'jobs', status: 'FAILED', attempt: 1, errorMessage: 'there is no such mailbox' },
      { taskName: 'jobs', status: 'FAILED', attempt: 2, errorMessage: 'there is no such mailbox' },
    ]);
    expect(records.told('job.retry')).toMatchObject([{ message: expect.stringMatching(/attempt 1 of 2 failed/) }]);
    expect(records.told('job.exhausted')).toMatchObject([{ message: expect.stringMatching(/attempt 2 of 2 failed/) }]);
  });

  it('has progress, log lines and result of a job, and a job that is put off is no failure', () => {
    expect(records.told('task.step.progress')).toMatchObject([{ done: 30, total: 100 }]);
    expect(records.told('job.log')).toMatchObject([{ message: 'a third is done' }]);
    expect(ofStep('report')).toMatchObject([{ status: 'SUCCESS', output: '{"keys":["pages"],"bytes":11}' }]);
    expect(ofStep('later')).toMatchObject([{ status: 'SUCCESS' }, { status: 'SUCCESS' }]);
    expect(records.told('job.postponed')).toMatchObject([
      { reason: 'to a later time', taskId: ofStep('later')[0]?.taskId },
    ]);
  });

  it('has the jobs of a flow and of a bulk in the trace of whoever sent them', () => {
    for (const name of ['report', 'whole', 'part'])
      expect(ofStep(name)).toMatchObject([{ traceId, correlationId: 'order-77' }]);
    expect(records.told('job.sent')).toHaveLength(5);
  });

  it('tells of a job whose worker was killed, and of its next run in another process, in the trace of whoever sent it', () => {
    const [open] = stalled.starts;
    expect(stalled.told('job.stalled')).toMatchObject([{ taskId: open?.taskId, level: 'warning' }]);
    expect(stalled.runs('jobs')).toMatchObject([
      { stepName: 'fatal', status: 'SUCCESS', taskId: open?.taskId, traceId, correlationId: 'order-77' },
    ]);
    expect(stalled.starts).toHaveLength(2);
  });
});
