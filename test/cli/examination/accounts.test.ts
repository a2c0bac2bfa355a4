import { expect, it } from 'vitest';
import { examineAccounts } from '../../../src/cli/examination/accounts.ts';

const failedAt = Date.UTC(2026, 0, 31, 8) * 1000;
const seenAt = failedAt + 60_000_000;

/** What doctor says of a process that could not ship. */
function examined({ isAlive, recovered }: { readonly isAlive: boolean; readonly recovered: boolean }) {
  const lastShipFailure = { at: failedAt, code: 'DATABASE_UNREACHABLE', message: 'no server', recovered };
  const none = { audit: 0, request: 0, span: 0 };
  const figures = { produced: none, appended: none, waiting: none, dropped: {}, lastShipFailure };
  const journal = { instanceId: 'i', path: '/nowhere', isAlive, heartbeat: { at: seenAt, figures }, segments: [] };
  return examineAccounts([{ ...journal, bytes: 0 }]).find(({ subject }) => subject === 'errors');
}

it('finds a failed shipment while it lasts', () => {
  const told = examined({ isAlive: true, recovered: false });
  expect(told).toMatchObject({ status: 'finding', action: expect.stringContaining('See that the database answers') });
  expect(told?.message).toBe('i could not ship at 2026-01-31T08:00:00.000Z: no server (DATABASE_UNREACHABLE)');
});

it.each([true, false])(
  'says that everything was shipped afterwards where it was (the process lives: %s)',
  (isAlive) => {
    const told = examined({ isAlive, recovered: true });
    expect(told).toMatchObject({ status: 'ok', message: expect.stringMatching(/; it shipped everything afterwards$/) });
  },
);

it('says of a process that ended right after that it had not shipped again, and until when that is known', () => {
  const told = examined({ isAlive: false, recovered: false });
  expect(told).toMatchObject({
    status: 'ok',
    message: expect.stringMatching(
      /; its process is gone, and had not shipped everything when it was last seen, at 2026-01-31T08:01:00.000Z$/,
    ),
  });
});
