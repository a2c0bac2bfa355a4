import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkshop, type Ended } from '../../register/program.ts';
import { type JobRecords, jobRecords } from './job-records.ts';

const script = '../../instrument/fixtures/jobs/node-cron.mjs';
const workshop = createWorkshop();
let plain: Ended;
let recorded: Ended;
let records: JobRecords;

beforeAll(async () => {
  [plain, recorded] = await Promise.all([
    workshop.run({ script, flags: [] }),
    workshop.run({ script, env: { SPANLEDGER_WATCHDOG_THRESHOLD: '60000' } }),
  ]);
  records = jobRecords(await workshop.records());
}, 120_000);
afterAll(() => workshop.remove());

describe('a program with schedules of node-cron', () => {
  it('does and says what it does without the flag', () => {
    expect(plain).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(
        /^nightly invoked 1 true\nresult \{"rows":12\}\nthrown the disk is away\nmissed execution\n$/,
      ),
    });
    expect({ ...recorded, seconds: 0 }).toEqual({ ...plain, seconds: 0 });
  });

  it('has a run for each time, under its name or its schedule', () => {
    expect(records.runs('nightly')).toMatchObject([{ status: 'SUCCESS', output: '{"keys":["rows"],"bytes":11}' }]);
    expect(JSON.parse(records.runs('nightly')[0]?.input ?? '')).toEqual({
      system: 'node-cron',
      queue: 'nightly',
      id: records.runs('nightly')[0]?.taskId,
      schedule: '0 3 * * *',
    });
    expect(records.runs('0 4 * * *')).toMatchObject([{ status: 'FAILED', errorMessage: 'the disk is away' }]);
    const ids = records.ends.map(({ taskId }) => taskId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(records.ends.map((one) => one.traceId)).size).toBe(ids.length);
  });

  it('tells of runs that were missed and of those that would have overlapped', () => {
    const told = (name: string) =>
      records.told(name).map(({ message, details }) => [message, JSON.parse(details ?? '').schedule]);
    expect(told('job.overlap')).toContainEqual(['a run of slow is due while the one before is at work', '* * * * * *']);
    expect(told('job.missed')).toContainEqual(['a run of missing was missed', '* * * * * *']);
  });
});
