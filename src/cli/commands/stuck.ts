import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { findStuckWork, type StuckWork } from '../reading/stuck-work.ts';
import { stuckPage } from '../rendering/stuck-page.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger stuck` */
export const run: Run = (invocation) =>
  withLedger(
    invocation,
    async (reader) => {
      const { options, terminal } = invocation;
      const found = await findStuckWork(reader, {
        filter: {
          sessionId: options.text('sessionId'),
          service: options.text('service'),
          task: options.text('task'),
        },
        limitSeconds: options.count('limit'),
      });
      if (options.flag('json')) await tellAsJson(invocation, found);
      else for (const line of stuckPage(terminal, found, new Date())) await terminal.line(line);
      return found.units.length + found.blocked.length > 0 ? exitCode.finding : exitCode.ok;
    },
    { fromJournal: invocation.options.flag('fromJournal') },
  );

async function tellAsJson({ terminal }: Invocation, found: StuckWork): Promise<void> {
  for (const { path, ...unit } of found.units) {
    const places = path.map(({ unit: kind, session_id, item_id, step_name, trace_id, span_id }) => ({
      unit: kind,
      session_id,
      item_id,
      step_name,
      trace_id,
      span_id,
    }));
    await terminal.line(jsonLine({ found: 'unit', ...unit, path: places }));
  }
  for (const process of found.blocked) await terminal.line(jsonLine({ found: 'blocked_process', ...process }));
  for (const wait of found.waits) await terminal.line(jsonLine({ found: 'database_wait', ...wait }));
}
