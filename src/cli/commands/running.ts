import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import type { LedgerReader, RunningFilter } from '../reading/ledger-reader.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { describeOpenWork } from '../reading/open-work.ts';
import { showLive } from '../rendering/live-screen.ts';
import { runningPage } from '../rendering/running-page.ts';
import { jsonLine, visible } from '../visible.ts';

const defaultLast = 200;
const defaultSeconds = 2;

/** `spanledger running` */
export const run: Run = async (invocation) => {
  const { options, terminal } = invocation;
  if (!options.flag('watch')) return withLedger(invocation, (reader) => show(invocation, reader, terminal.line));
  const seconds = options.count('interval') ?? defaultSeconds;
  const { signal } = invocation;
  await showLive({ terminal, signal, intervalMillis: seconds * 1000, draw: () => snapshot(invocation) });
  return exitCode.ok;
};

async function show(invocation: Invocation, reader: LedgerReader, line: (text: string) => unknown) {
  const { options, terminal } = invocation;
  const rows = await reader.running(filterOf(invocation), options.count('last') ?? defaultLast);
  if (options.flag('json')) {
    for (const row of rows) await line(jsonLine({ ...describeOpenWork(row), process: row.process }));
  } else {
    const processes = hasFilter(invocation) ? [] : await reader.processes();
    for (const text of runningPage(terminal, rows, processes, new Date())) await line(text);
  }
  return exitCode.ok;
}

/** What is running now, as text; remarks of the opening stand above it, an outage in its place. */
async function snapshot(invocation: Invocation): Promise<string> {
  const notes: string[] = [];
  const lines: string[] = [];
  const terminal = { ...invocation.terminal, interactive: false, note: (text: string) => void notes.push(text) };
  const { command, arguments: words, options, signal } = invocation;
  const quiet: Invocation = { command, arguments: words, options, signal, terminal };
  try {
    await withLedger(quiet, (reader) => show(quiet, reader, (text) => lines.push(text)));
  } catch (error) {
    lines.push(visible(error instanceof Error ? error.message : String(error)));
  }
  const time = `${new Date().toISOString()}  Ctrl+C ends.`;
  return options.flag('json') ? lines.join('\n') : [time, ...notes, '', ...lines].join('\n');
}

function filterOf({ options }: Invocation): RunningFilter {
  const units = options.texts('unit');
  const verdicts = options.texts('verdict');
  return {
    sessionId: options.text('sessionId'),
    service: options.text('service'),
    task: options.text('task'),
    ...(units.length > 0 && { units }),
    ...(verdicts.length > 0 && { verdicts }),
  };
}

function hasFilter(invocation: Invocation): boolean {
  return Object.values(filterOf(invocation)).some((value) => value !== undefined);
}
