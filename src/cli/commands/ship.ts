import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import type { ShipReport } from '../../shipping/ship-pass.ts';
import { createShipper } from '../../shipping/shipper.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { assertSchemaFits, withStore } from '../reading/open-store.ts';
import { createProgress } from '../rendering/progress.ts';
import { byteSize } from '../rendering/quantities.ts';
import { jsonLine, visible } from '../visible.ts';
import { openWorkplace, type Workplace } from '../workplace.ts';
import { recoverLostWork, toText } from './recover.ts';

/** `spanledger ship` */
export const run: Run = (invocation) => {
  const workplace = openWorkplace(invocation);
  return withStore(workplace, async (store) => {
    const code = await ship(invocation, store, workplace.directory);
    if (code === exitCode.unreachable) return code;
    for (const lost of await recoverLostWork(store, 'ship')) {
      if (lost.status !== 'suspected') invocation.terminal.note(`lost work: ${visible(toText(lost))}`);
    }
    await retain(invocation, store, workplace);
    return code;
  });
};

async function ship(
  { options, terminal, signal }: Invocation,
  store: SqlLedgerStore,
  directory: string,
): Promise<ExitCode> {
  await assertSchemaFits(store);
  const shipper = createShipper({ directory, store, acceptsReplacement: options.flag('acceptDatabase') });
  const progress = await createProgress(terminal);
  const report = await shipper.shipOnce({
    signal,
    onProgress: ({ bytes, totalBytes, records }) => progress.show(bytes, totalBytes, records),
  });
  progress.stop();
  const retried = options.flag('deadLetters') ? await shipper.retryDeadLetters() : undefined;
  if (options.flag('json')) await terminal.line(jsonLine(reportJson(report, retried)));
  else await terminal.line(reportText(report, visible(store.description)));
  if (retried !== undefined && !options.flag('json')) {
    await terminal.line(`dead letters: ${retried.stored} stored, ${retried.kept} still refused`);
  }
  for (const reason of report.unreadable) terminal.note(`note: ${visible(reason)}`);
  const refused = report.deadLetters + (retried?.kept ?? 0);
  if (report.status === 'unavailable') return exitCode.unreachable;
  return report.status === 'caught-up' && refused === 0 && report.unreadable.length === 0
    ? exitCode.ok
    : exitCode.finding;
}

/** Once a day, where that is asked for: a ledger that is only shipped from outside has no process to do it. */
async function retain({ terminal }: Invocation, store: SqlLedgerStore, { configuration }: Workplace): Promise<void> {
  const { settings } = configuration;
  if (settings.retentionSchedule === 'off') return;
  const { retentionDays: days, retentionArchive: archive } = settings;
  const { retainOnceADay } = await import('../../shipping/retention-chore.ts');
  const instanceId = `ship-${hostname()}-${process.pid}`;
  const report = await retainOnceADay(store, {
    instanceId,
    days,
    ...(archive !== undefined && { archive: resolve(archive) }),
  });
  if (report === undefined) return;
  const counts = report.tables.flatMap(({ table, rows }) => (rows > 0 ? [`${rows} rows of ${table}`] : []));
  terminal.note(`retention: ${counts.length > 0 ? counts.join(', ') : 'no rows'} older than ${days} days deleted`);
}

type Retried = { readonly stored: number; readonly kept: number } | undefined;

function reportText({ status, records, bytes, deadLetters, message, action }: ShipReport, target: string): string {
  const shipped = `${records} records, ${byteSize(bytes)}, shipped to ${target}`;
  const refused = deadLetters === 0 ? '' : `; ${deadLetters} refused, see \`spanledger doctor\``;
  const stopped = { 'caught-up': '', aborted: '; interrupted, the rest stays in the journals' };
  if (status !== 'unavailable') return `${shipped}${refused}${stopped[status]}`;
  const advice = action === undefined ? '' : `\n  ${visible(action)}`;
  return `${shipped}${refused}; stopped: ${visible(message ?? 'the database is not available')}${advice}`;
}

function reportJson(report: ShipReport, retried: Retried): Readonly<Record<string, unknown>> {
  const { status, code, message, records, deadLetters, bytes, removedSegments, unreadable } = report;
  return {
    status,
    ...(code !== undefined && { code, message }),
    records,
    bytes,
    dead_letters: deadLetters,
    removed_segments: removedSegments,
    unreadable,
    ...(retried !== undefined && { retried_dead_letters: retried }),
  };
}
