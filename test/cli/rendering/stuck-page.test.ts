import { describe, expect, it } from 'vitest';
import { isOfShape } from '../../../src/cli/reading/database-waits.ts';
import { createJournalReader } from '../../../src/cli/reading/journal-reader.ts';
import { openJournalRows } from '../../../src/cli/reading/journal-rows.ts';
import { type ProcessRow, toProcessRow } from '../../../src/cli/reading/process-row.ts';
import { findStuckWork } from '../../../src/cli/reading/stuck-work.ts';
import { stuckPage } from '../../../src/cli/rendering/stuck-page.ts';
import { writeHeartbeat } from '../../../src/journal/heartbeat.ts';
import { instanceDirectory } from '../../../src/journal/layout.ts';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { createOwner } from '../../journal/sample-records.ts';
import { recordedTerminal } from '../recorded-terminal.ts';
import { temporaryDirectory } from '../written-ledger.ts';

const now = new Date('2026-01-31T08:10:00Z');

/** A process as `instances` tells of it. */
function processRow(more: object): ProcessRow {
  const row = toProcessRow({ instance_id: 'i1', service_name: 'sync', host: 'h', pid: 7, ...more });
  if (row === null) throw new Error('There is no process.');
  return row;
}

function pageOf(process: ProcessRow): readonly string[] {
  const found = { units: [], blocked: [process], waits: [], database: undefined };
  return stuckPage(recordedTerminal().terminal, found, now);
}

describe('the page of what is stuck', () => {
  it('P4 shows where a main thread is blocked: function, file, line, and the unit that runs there', () => {
    const frame = { function: 'matchAll', file: '/app/src/parse\u001b.ts', line: 12, column: 7 };
    const place = { unit: 'step', step_name: 'parse', trace_id: 'a', span_id: 'b', started_at: now.toISOString() };
    const process = processRow({
      blocked_since: '2026-01-31T08:09:00+00:00',
      blocked_stack: [frame, { ...frame, function: 'main', line: 3 }],
      blocked_in: place,
      last_seen_at: '2026-01-31T08:09:58Z',
      event_loop_delay_p99_ms: 60_000,
    });
    expect(pageOf(process)).toEqual([
      'sync, pid 7 on h: event loop delay 1 min (p99), seen 2.0 s ago',
      '  main thread blocked for 1 min in step parse',
      '    at matchAll (/app/src/parse\\e.ts:12:7)',
      '    at main (/app/src/parse\\e.ts:3:7)',
    ]);
  });

  it('says that native code has no stack, and what call has no answer', () => {
    const call = { kind: 'sql', summary: 'update prices set amount = ?', started_at: '2026-01-31T08:08:00Z' };
    const process = processRow({ blocked_since: '2026-01-31T08:09:00Z', pending_call: call });
    expect(pageOf(process).slice(1)).toEqual([
      '  main thread blocked for 1 min',
      '    in native code: no stack can be taken',
      '  waits 2 min for sql: update prices set amount = ?',
    ]);
  });

  it('says that nothing is stuck', () => {
    const found = { units: [], blocked: [], waits: [], database: undefined };
    expect(stuckPage(recordedTerminal().terminal, found, now)).toEqual(['Nothing is stuck.']);
  });
});

it('a main thread that is blocked for half a minute is found in the journals alone, with its stack', async () => {
  const directory = temporaryDirectory();
  const owner = createOwner('blocked-1');
  const journal = openJournal({ directory, owner });
  const frame = { function: 'spin', file: 'app.ts', line: 1, column: 2 };
  const state = { blockedSince: (Date.now() - 40_000) * 1000, blockedStack: [frame] };
  writeHeartbeat(instanceDirectory(directory, owner.instanceId), {
    at: Date.now() * 1000,
    figures: { cpuRatio: 1, state },
  });
  const reader = createJournalReader(await openJournalRows(directory));
  const found = await findStuckWork(reader, { filter: {} });
  expect(found).toMatchObject({
    units: [],
    blocked: [{ instance_id: 'blocked-1', cpu_ratio: 1, blocked_stack: [frame] }],
  });
  expect((await findStuckWork(reader, { filter: { service: 'another' } })).blocked).toEqual([]);
  journal.close();
});

it.each([
  ['update prices set amount = 3 where id = 1', 'update prices set amount = ? where id = ?', true],
  ['UPDATE prices\n set amount = $1 where id = $2', 'update prices set amount = ? where id = ?', true],
  ['update prices set amount = 3 where id = 1 returning *', 'update prices set amount = ? where i', true],
  ["select * from a where name = 'it''s'", 'select * from b where name = ?', false],
  ['select 1', 'commit', false],
])('the statement %j is of the shape %j: %j', (statement, shape, expected) => {
  expect(isOfShape(statement, shape)).toBe(expected);
});
