import { hostname } from 'node:os';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { closeLostWork, goneText, type LostInstance } from '../../shipping/lost-work.ts';
import { createShipper } from '../../shipping/shipper.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { assertSchemaFits, withStore } from '../reading/open-store.ts';
import { counted } from '../rendering/quantities.ts';
import { jsonLine, visible } from '../visible.ts';
import { openWorkplace } from '../workplace.ts';

/** `spanledger recover` */
export const run: Run = (invocation) => {
  const { options, terminal, signal } = invocation;
  const workplace = openWorkplace(invocation);
  const { directory } = workplace;
  return withStore(workplace, async (store) => {
    await assertSchemaFits(store);
    // Their last records first: what they tell of an end is truer than what is concluded.
    const report = await createShipper({ directory, store }).shipOnce({ signal });
    if (report.status === 'unavailable') {
      terminal.note(`note: the journals could not be shipped: ${visible(report.message ?? report.code ?? 'unknown')}`);
      return exitCode.unreachable;
    }
    const found = await recoverLostWork(store);
    for (const one of found) await terminal.line(options.flag('json') ? jsonLine(toJson(one)) : visible(toText(one)));
    if (found.length === 0 && !options.flag('json')) await terminal.line('No work is lost.');
    return exitCode.ok;
  });
};

/** Closes lost work in the name of this command. A parent has had its moment to tell the cause: somebody had to type this. */
export function recoverLostWork(store: SqlLedgerStore, command = 'recover'): Promise<readonly LostInstance[]> {
  return closeLostWork(store, { closedBy: `spanledger ${command} on ${hostname()}`, graceMillis: 0 });
}

/** One process in a sentence. */
export function toText({
  status,
  instanceId,
  service,
  host,
  pid,
  cause,
  sessions,
  items,
  units,
}: LostInstance): string {
  const process = `process ${pid} of ${service} on ${host}`;
  const work = `${counted(sessions, 'session')}, ${counted(items, 'item')}, ${counted(units, 'unit')} in all`;
  switch (status) {
    case 'closed':
      return `${process} ${goneText(instanceId, cause)}; closed: ${work}`;
    case 'reopened':
      return `${process} lives after all; open again: ${work}`;
    case 'suspected':
      return `${process} is silent; its work is closed if it stays so for two minutes more, run this again then`;
    default:
      return status satisfies never;
  }
}

function toJson({ instanceId, cause, ...rest }: LostInstance): Readonly<Record<string, unknown>> {
  return { instance_id: instanceId, ...rest, cause: cause.kind, explanation: cause.text };
}
