import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerReader } from '../../../src/cli/reading/ledger-reader.ts';
import { findSubject } from '../../../src/cli/reading/subject.ts';
import { readTimeline } from '../../../src/cli/reading/timeline.ts';
import { needsPerson, tellStory } from '../../../src/cli/reading/why.ts';
import { whyPage } from '../../../src/cli/rendering/why-page.ts';
import { clockText, judgeClaim } from '../../../src/domain/chronology.ts';
import type { JournalOwner, LedgerRecord, UnitStartRecord } from '../../../src/projection/record.ts';
import { recordedTerminal } from '../recorded-terminal.ts';
import { sampleOwner } from '../written-ledger.ts';

const dayStart = Date.UTC(2026, 0, 30);
const clock = (time: string, days = 0) => (Date.parse(`1970-01-01T${time}Z`) + dayStart + days * 86_400_000) * 1000;

/** A daemon that ran one cycle, waited, began a second one and was killed. */
export const daemonOwner: JournalOwner = {
  ...sampleOwner,
  instanceId: 'instance-daemon',
  service: 'daemon',
  startedAt: clock('07:19:50'),
};
export const daemonKilledAt = clock('00:23:49', 1);

/** What that daemon recorded. */
export function daemonRecords(): LedgerRecord[] {
  const cycle = (letter: string, at: number): UnitStartRecord => ({
    type: 'start',
    at,
    version: at,
    traceId: letter.repeat(32),
    spanId: letter.repeat(16),
    unit: 'step',
    taskName: 'import daemon',
    stepName: 'cycle',
  });
  const first = cycle('c', clock('07:19:50'));
  const end = clock('16:37:10');
  return [
    first,
    { ...first, type: 'end', startAt: first.at, at: end, version: end, status: 'SUCCESS' },
    cycle('d', clock('19:37:10')),
  ];
}

/** Beyond the largest process id of Linux. */
const gonePid = 2 ** 22 + 1;

/** Two processes of the same service, one after the other, of different code. */
export const releases: readonly JournalOwner[] = [
  { ...sampleOwner, instanceId: 'instance-old', pid: gonePid, version: '1.4.0', revision: 'aaaaaaaaaaaaaaaa' },
  { ...sampleOwner, instanceId: 'instance-new', pid: gonePid, version: '1.4.0', revision: 'bbbbbbbbbbbbbbbb' },
];

/** What these two recorded: a session that went well, and one that failed. */
export function releaseRecords({ instanceId }: JournalOwner, now: number = Date.now()): LedgerRecord[] {
  const isOld = instanceId === 'instance-old';
  const id = isOld ? 'weekly-1' : 'weekly-2';
  const at = (now - (isOld ? 2_000_000 : 1_000_000)) * 1000;
  const ids = { traceId: (isOld ? 'e' : 'f').repeat(32), spanId: (isOld ? 'e' : 'f').repeat(16), sessionId: id };
  const unit = { unit: 'session', taskName: 'weekly', stepName: id } as const;
  const event = (name: string, time: number, more: object): LedgerRecord => ({
    type: 'event',
    at: time,
    version: time,
    ...ids,
    unit: 'session',
    level: 'info',
    category: 'state_transition',
    event: name,
    message: name,
    kind: 'weekly',
    ...more,
  });
  const [end, state] = [at + 60_000_000, isOld ? 'imported' : 'failed'];
  return [
    { type: 'start', at, version: at, ...ids, ...unit },
    event('import.session.start', at, { toState: 'importing', attempt: 1 }),
    event('import.session.transition', end, { fromState: 'importing', toState: state, reason: 'over' }),
    { type: 'end', startAt: at, at: end, version: end, ...ids, ...unit, status: isOld ? 'SUCCESS' : 'FAILED' },
  ];
}

/** Four runs of a task that ended, one that stands in its second step since twenty minutes, and one that failed. */
export function storyRecords(now: number = Date.now()): LedgerRecord[] {
  const records: LedgerRecord[] = [];
  let spans = 0;
  const run = (id: string, letter: string, secondsAgo: number) => {
    const traceId = letter.repeat(32);
    const at = (seconds: number) => (now - (secondsAgo - seconds) * 1000) * 1000;
    const unit = (
      unit: 'session' | 'step' | 'item',
      name: string,
      seconds: number,
      more: object = {},
    ): UnitStartRecord => {
      spans += 1;
      const spanId = (0xabcd0000 + spans).toString(16).padStart(16, '0');
      const base = { type: 'start', at: at(seconds), version: at(seconds), traceId, spanId, sessionId: id } as const;
      const record: UnitStartRecord = { ...base, unit, taskName: 'nightly', stepName: name, ...more };
      records.push(record);
      return record;
    };
    const end = (
      of: UnitStartRecord,
      seconds: number,
      status: 'SUCCESS' | 'FAILED' = 'SUCCESS',
      errorMessage?: string,
    ) =>
      records.push({
        ...of,
        type: 'end',
        startAt: of.at,
        at: at(seconds),
        version: at(seconds),
        status,
        ...(errorMessage !== undefined && { errorMessage }),
      });
    const session = unit('session', id, 0);
    const event = (name: string, seconds: number, more: object) =>
      records.push({
        type: 'event',
        at: at(seconds),
        version: at(seconds),
        traceId,
        spanId: session.spanId,
        sessionId: id,
        unit: 'session',
        level: 'info',
        category: 'state_transition',
        event: name,
        message: `${name} of ${id}`,
        kind: 'nightly',
        ...more,
      });
    const counts = { total: 2, pending: 0, processing: 0, imported: 2, skipped: 0, failed: 0, missing: 0 };
    event('import.session.start', 0, {
      toState: 'importing',
      counts: { ...counts, pending: 2, imported: 0 },
      attempt: 1,
    });
    const inside = (outer: UnitStartRecord) => ({ parentSpanId: outer.spanId });
    return { session, unit, end, event, inside, counts };
  };
  const whole = (id: string, letter: string, secondsAgo: number) => {
    const { session, unit, end, event, inside, counts } = run(id, letter, secondsAgo);
    end(unit('step', 'fetch token', 1, inside(session)), 3);
    const load = unit('step', 'load', 4, inside(session));
    end(unit('step', 'open files', 5, inside(load)), 6);
    end(load, 40);
    const items = [
      unit('item', 'a', 41, { ...inside(session), itemId: 'a' }),
      unit('item', 'b', 42, { ...inside(session), itemId: 'b' }),
    ];
    for (const item of items) end(item, 50);
    end(unit('step', 'save', 51, inside(session)), 60);
    event('import.session.transition', 60, { fromState: 'importing', toState: 'imported', reason: 'all done', counts });
    end(session, 60);
  };
  for (const [index, digit] of ['1', '2', '3', '4'].entries())
    whole(`nightly-${digit}`, digit, 90_000 - index * 10_000);
  const stuck = run('nightly-5', '5', 1_200);
  stuck.end(stuck.unit('step', 'fetch token', 1, stuck.inside(stuck.session)), 3);
  stuck.unit('step', 'load', 4, stuck.inside(stuck.session));
  const bad = run('nightly-6', '6', 40_000);
  bad.end(bad.unit('step', 'fetch token', 1, bad.inside(bad.session)), 31, 'FAILED', 'no answer');
  bad.event('task.step.error', 31, {
    level: 'error',
    category: 'error',
    errorType: 'TimeoutError',
    errorMessage: 'no answer',
    stack: 'TimeoutError: no answer\n    at fetchToken (/app/src/token.ts:12:5)',
    details: '{"category":"timeout"}',
  });
  bad.event('import.session.transition', 32, { fromState: 'importing', toState: 'failed', reason: 'no answer' });
  bad.end(bad.session, 32, 'FAILED', 'no answer');
  return records;
}

/** What every reader tells of these. `open` writes both, the process of the first alive, and opens the reader. */
export function describeStories(name: string, open: () => Promise<LedgerReader>): void {
  describe(`${name}, asked why`, () => {
    let reader: LedgerReader;
    beforeAll(async () => {
      reader = await open();
    });
    afterAll(() => reader?.close());
    const why = async (id: string) => tellStory(reader, await findSubject(reader, id));

    it('S2.8 tells the last record, the next one expected, and what stands between them', async () => {
      const story = await why('nightly-5');
      expect(story.last_record).toMatchObject({ event: 'begin', unit: 'step load', message: 'step load begins' });
      expect(story.window).toMatchObject({ after: 'the begin of step load', before: 'the begin of step open files' });
    });

    it('S2.2 tells that a call was entered and none of its inner steps was recorded', async () => {
      expect((await why('nightly-5')).window.unseenInside).toEqual(['step open files']);
    });

    it('S2.9 marks the steps of earlier runs as seen and not seen', async () => {
      const { flow } = await why('nightly-5');
      expect(flow.map(({ unit, name, mark, usualRuns }) => [unit, name, mark, usualRuns])).toEqual([
        ['step', 'fetch token', 'seen', 5],
        ['step', 'load', 'open', 4],
        ['step', 'open files', 'not seen', 4],
        ['item', '', 'not seen', 4],
        ['step', 'save', 'not seen', 4],
      ]);
      expect(flow[1]?.usualMillis).toBeCloseTo(36_000);
    });

    it('S2.1 gives the verdict with its numbers while the process lives', async () => {
      const story = await why('nightly-5');
      expect(story).toMatchObject({ verdict: 'stuck', subject: { kind: 'session', process: 'instance-1' } });
      expect(story.reason).toMatch(/^step load: its process lives, no progress for 1\d\d\d s/);
      expect(needsPerson(story)).toBe(true);
      expect(story.advice.map(({ code, grade }) => [code, grade])).toEqual([['D', 'possible']]);
    });

    it('S2.3 tells actual by expected duration and its source', async () => {
      const { duration, anomaly } = await why('nightly-5');
      expect(duration).toMatchObject({ source: 'history', expectedMillis: 60_000 });
      expect(duration?.ratio).toBeGreaterThan(19);
      expect(duration?.basis).toMatch(/^median 60 s, p95 60 s of the last 4 runs$/);
      expect(anomaly).toBeNull();
    });

    it('S0.28 says that neither progress nor an error is recorded, and which of them is', async () => {
      expect(await why('nightly-5')).toMatchObject({ progress: null, error: null });
      const failed = await why('nightly-6');
      expect(failed.error).toMatch(/^TimeoutError {2}no answer at /);
      expect(failed).toMatchObject({ progress: null, verdict: 'done', code: { source: 'stack of its last error' } });
      expect(failed.code?.place).toEqual(['fetchToken (/app/src/token.ts:12:5)']);
      expect(failed.advice.map(({ code }) => code)).toEqual(['C']);
      expect(needsPerson(failed)).toBe(true);
    });

    it('S2.5 holds similar runs beside it: how long they took, what they reached, how they ended', async () => {
      const { similar } = await why('nightly-6');
      expect(similar.map(({ id }) => id)).toEqual(['nightly-4', 'nightly-3', 'nightly-2', 'nightly-1']);
      expect(similar[0]).toMatchObject({ outcome: 'imported', duration_ms: 60_000, steps_reached: 4, parallelism: 2 });
      expect(similar[0]?.differs).toContain('imported instead of failed');
    });

    it('S2.5 says that the last run that went well had other code', async () => {
      const story = await why('weekly-2');
      expect(story.version?.text).toBe(
        'first run of version 1.4.0 (bbbbbbbbbb); last success was version 1.4.0 (aaaaaaaaaa) (weekly-1)',
      );
      expect(story.process).toMatchObject({ service_version: '1.4.0', service_revision: 'bbbbbbbbbbbbbbbb' });
      expect(story.similar[0]).toMatchObject({ id: 'weekly-1', version: '1.4.0 (aaaaaaaaaa)' });
      expect(story.duration?.basis).toMatch(/of the last 1 run, of other versions$/);
      expect((await why('weekly-1')).version).toBeNull();
      const [session] = await reader.sessions({ id: 'weekly-2', last: 1 });
      expect(session).toMatchObject({ service_version: '1.4.0', service_revision: 'bbbbbbbbbbbbbbbb' });
    });

    it('is content with work that ended well', async () => {
      const story = await why('nightly-4');
      expect(story).toMatchObject({
        verdict: 'done',
        end: { outcome: 'imported', reason: 'all done', cause: null },
        advice: [],
      });
      expect(needsPerson(story)).toBe(false);
    });

    it('finds what is meant by item, by trace in both spellings, by task and by process', async () => {
      const kinds = async (id: string) => {
        const { kind, id: found } = await findSubject(reader, id);
        return [kind, found];
      };
      expect(await kinds('5'.repeat(32))).toEqual(['session', 'nightly-5']);
      expect(await kinds('55555555-5555-5555-5555-555555555555')).toEqual(['session', 'nightly-5']);
      expect(await kinds('nightly')).toEqual(['session', 'nightly-5']);
      expect(await kinds('instance-1')).toEqual(['process', 'instance-1']);
      expect(await kinds('import daemon')).toEqual(['trace', 'd'.repeat(32)]);
      expect((await why('instance-1')).run?.id).toBe('nightly-5');
    });

    it('names what comes near to an id that is not known', async () => {
      await expect(findSubject(reader, 'nightly-55')).rejects.toMatchObject({
        code: 'SPANLEDGER_UNKNOWN_SUBJECT',
        action: expect.stringContaining('Near to it: nightly-5'),
      });
      await expect(findSubject(reader, 'zzzzzzzzzzzz')).rejects.toMatchObject({
        action: expect.stringContaining('`spanledger sessions` lists sessions.'),
      });
    });

    it('S2.7 tells cycles, interval and death of a daemon from rows, and rejects a hang of 40 hours', async () => {
      const { entries, lives } = await readTimeline(reader, await findSubject(reader, 'instance-daemon'), 100);
      const told = entries.map(({ what, elapsed_ms: elapsed, gap_ms: gap }) => [
        what,
        clockText(elapsed),
        gap === null ? null : clockText(gap),
      ]);
      expect(told).toEqual([
        ['process', '0:00:00', null],
        ['step cycle', '0:00:00', '0:00:00'],
        ['step cycle', '9:17:20', '9:17:20'],
        ['step cycle', '12:17:20', '3:00:00'],
        ['process', '17:03:59', '4:46:39'],
      ]);
      expect(entries.at(-1)?.result).toBe('ended by SIGKILL, seen by its parent');
      expect(judgeClaim(40 * 3_600_000, lives)).toMatchObject({ judgement: 'rejected' });
      const [life] = lives;
      expect([life?.life, life?.silence].map((time) => clockText(time ?? 0))).toEqual(['17:03:59', '4:46:39']);
    });

    it('tells no time of an end that nobody saw, but when the process was last seen', async () => {
      const id = 'instance-new';
      const { end } = await why(id);
      expect(end).toMatchObject({ outcome: 'failed', at: expect.any(Date), after: null });
      const subject = await findSubject(reader, id);
      if (subject.kind !== 'process') throw new Error(`${id} is a ${subject.kind}`);
      const alone = await tellStory(reader, { ...subject, inner: undefined });
      expect(alone.end).toMatchObject({ outcome: 'process ended', at: null, after: subject.process.ended_at });
      const page = whyPage(recordedTerminal().terminal, alone).join('\n');
      expect(page).toMatch(/process ended after \S+Z, when it was last seen; nobody saw its end/);
      const { entries, lives } = await readTimeline(reader, subject, 100);
      expect(entries.map(({ what, result }) => `${what} ${result}`)).toContain(
        'process last seen; it ended after that, of unknown cause',
      );
      expect(lives.every(({ endedAt, lastSeenAt }) => endedAt === undefined && lastSeenAt !== undefined)).toBe(true);
    });

    it('tells how a process ended and what proves it; its silence before that is no hang', async () => {
      const story = await why('instance-daemon');
      expect(story.process).toMatchObject({ exit_signal: 'SIGKILL' });
      expect(story.end).toMatchObject({ cause: { kind: 'signal', text: 'ended by SIGKILL, seen by its parent' } });
      expect(story.verdict).toBe('lost');
      expect(JSON.stringify(story)).not.toMatch(/\bhang|\bhung/);
    });
  });
}
