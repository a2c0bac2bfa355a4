import { expect, it } from 'vitest';
import type { EventRow } from '../../../src/cli/reading/rows.ts';
import { eventJson, eventLine, eventText } from '../../../src/cli/rendering/event-text.ts';
import { event } from '../../../src/telemetry/conventions.ts';
import { recordedTerminal } from '../recorded-terminal.ts';

const plain: EventRow = {
  id: 7,
  created_at: new Date(Date.UTC(2026, 0, 31, 8)),
  level: 'info',
  category: 'file_operation',
  event: event.fileSaved,
  message: 'saved',
  service_name: 'importer',
  session_id: 'local-7',
  item_id: 'a.jpg',
  correlation_id: null,
  request_id: null,
  task_id: null,
  user_id: null,
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  span_id: 'b7ad6b7169203331',
  seq: 1,
  from_state: null,
  to_state: null,
  reason: null,
  duration_ms: null,
  details: null,
  error_type: null,
  error_message: null,
  stack_trace: null,
  recommended_actions: null,
};

it('S0.19 a saved file shows path, size and the first 16 digits of its hash', () => {
  const details = { file_path: '/target/a.jpg', file_size: 1536, sha256: '0123456789abcdef'.repeat(4) };
  expect(eventText({ ...plain, details })).toBe('/target/a.jpg  1.5 KB  sha256 0123456789abcdef');
});

it('S0.19 progress shows done, total and the counts', () => {
  const details = { progress: '10/50', imported: 8, duplicates: 1, failed: 1 };
  expect(eventText({ ...plain, event: event.sessionProgress, details })).toBe(
    '10/50  imported 8, duplicates 1, failed 1',
  );
});

it('S0.19 a completed session shows status, duration and results', () => {
  const details = {
    status: 'imported',
    duration_seconds: 3.69,
    imported: 2,
    duplicates: 0,
    failed: 1,
    processed_total: 3,
  };
  expect(eventText({ ...plain, event: event.sessionComplete, details })).toBe(
    'imported in 3.7 s  imported 2, duplicates 0, failed 1  processed 3',
  );
});

it('S0.19 an error shows its type and message', () => {
  const row = { ...plain, event: event.itemError, error_type: 'ENOENT', error_message: 'no such file' };
  expect(eventText(row)).toBe('a.jpg  ENOENT  no such file');
});

it('a transition shows from, to and reason', () => {
  const row = { ...plain, event: event.itemTransition, from_state: 'moving', to_state: 'updating', reason: 'moved' };
  expect(eventText(row)).toBe('a.jpg  moving -> updating  moved');
});

it('a record whose details are missing or of another form falls back to its message', () => {
  for (const details of [null, [], 'text', 5]) {
    expect(eventText({ ...plain, event: event.sessionProgress, details })).toBe('saved');
  }
});

it('a line holds time, level, event and session, and data cannot break it', () => {
  const row = { ...plain, session_id: 'evil\n\u001b[2J', details: { file_path: 'a\rb' } };
  expect(eventLine(recordedTerminal().terminal, row)).toBe(
    '2026-01-31T08:00:00.000Z  INFO      import.file.saved        evil\\n\\e[2J  a\\rb',
  );
});

it('S0.18 the object for --json has id, time, level, event, message and parsed details', () => {
  const details = { file_size: 1 };
  expect(eventJson({ ...plain, details })).toMatchObject({
    id: 7,
    time: plain.created_at,
    level: 'info',
    event: 'import.file.saved',
    message: 'saved',
    details,
  });
});
