import { expect, it } from 'vitest';
import { FetchedJobs } from '../../../src/instrument/jobs/fetched-jobs.ts';
import type { Job } from '../../../src/instrument/jobs/job.ts';
import { JobRecorder } from '../../../src/instrument/jobs/job-recorder.ts';

const job = (id: string, limitMillis = 1000): Job => ({ system: 'pg-boss', queue: 'taken', id, data: {}, limitMillis });

it('ends as expired what was fetched and never completed, once its time is up or it is fetched again', () => {
  let now = 0;
  const recorder = new JobRecorder({ kept: 'none', contextIn: 'own' });
  const fetched = new FetchedJobs(recorder, () => now);
  fetched.begin([job('a'), job('b', 5000), job('c')]);
  fetched.ended('c');
  expect(['a', 'b', 'c'].map((id) => fetched.queueOf(id))).toEqual(['taken', 'taken', undefined]);
  expect(recorder.openJob(job('a'))).toBeDefined();
  now = 1000;
  fetched.begin([]);
  expect([recorder.openJob(job('a')), fetched.queueOf('a')]).toEqual([undefined, undefined]);
  const before = recorder.openJob(job('b'));
  fetched.begin([job('b')]);
  expect(recorder.openJob(job('b'))).not.toBe(before);
  expect(fetched.queueOf('b')).toBe('taken');
});
