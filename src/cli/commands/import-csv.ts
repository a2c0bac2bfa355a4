import { basename } from 'node:path';
import { importCsv } from '../../journal/csv-import.ts';
import { type ArchivedTableName, archivedTables } from '../../projection/tables.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { type ImportReport, importRows } from '../../shipping/row-import.ts';
import { createShipper } from '../../shipping/shipper.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { openCurrentStore } from '../reading/open-current-store.ts';
import { jsonLine, visible } from '../visible.ts';
import { openWorkplace } from '../workplace.ts';

/** `spanledger import-csv FILE...` */
export const run: Run = async (invocation) => {
  const workplace = openWorkplace(invocation);
  const store = await openCurrentStore(workplace, invocation.terminal);
  try {
    // What is still in a journal is not known to the database yet, and would be there twice once it is shipped.
    await createShipper({ directory: workplace.directory, store }).shipOnce();
    let refused = 0;
    for (const path of invocation.arguments) refused += await importFile(invocation, store, path);
    return refused === 0 ? exitCode.ok : exitCode.finding;
  } finally {
    await store.close();
  }
};

const maxRefusalsShown = 10;

/** Loads one file and answers how many of its rows were refused. */
async function importFile({ options, terminal }: Invocation, store: SqlLedgerStore, path: string): Promise<number> {
  const table = tableOf(options.text('table'));
  const report = await importRows(store, importCsv({ path, ...(table !== undefined && { table }) }));
  const { read, stored, refused } = report;
  if (options.flag('json')) await terminal.line(jsonLine({ path, read, stored, refused }));
  else await terminal.line(`${visible(basename(path))}  ${countsText(report)}`);
  for (const { line, code, message } of refused.slice(0, maxRefusalsShown)) {
    terminal.note(`${visible(path)}, line ${line}: ${code}: ${visible(message)}`);
  }
  if (refused.length > maxRefusalsShown) terminal.note(`... and ${refused.length - maxRefusalsShown} more`);
  return refused.length;
}

function countsText({ read, stored, refused }: ImportReport): string {
  return `${read} rows read, ${stored} stored, ${read - stored - refused.length} there already, ${refused.length} refused`;
}

function tableOf(name: string | undefined): ArchivedTableName | undefined {
  return Object.values(archivedTables).find((table) => table.name === name)?.name;
}
