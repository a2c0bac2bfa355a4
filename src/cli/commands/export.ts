import { resolve } from 'node:path';
import type { CsvFile } from '../../journal/csv.ts';
import { type TableName, tables } from '../../projection/tables.ts';
import { exitCode, isUnreachable } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { openCurrentStore } from '../reading/open-current-store.ts';
import { jsonLine, visible } from '../visible.ts';
import { openWorkplace, type Workplace } from '../workplace.ts';

/** What is exported, and where to. */
interface ExportOrder {
  readonly into: string;
  readonly tables: readonly TableName[];
  readonly sessionId: string | undefined;
  readonly since: Date | undefined;
}

/** `spanledger export` */
export const run: Run = async (invocation) => {
  const { options, terminal } = invocation;
  const workplace = openWorkplace(invocation);
  const order = orderOf(invocation);
  const { files, source } = await exportTables(invocation, workplace, order);
  terminal.note(`exported from ${visible(source)}`);
  for (const { table, path, rows } of files) {
    if (options.flag('json')) await terminal.line(jsonLine({ table, path, rows }));
    else await terminal.line(`${visible(path)}  ${rows} rows`);
  }
  return exitCode.ok;
};

function orderOf({ options }: Invocation): ExportOrder {
  const chosen = options.texts('table');
  const all = Object.keys(tables) as TableName[];
  return {
    into: resolve(options.text('out') ?? 'spanledger-export'),
    tables: chosen.length === 0 ? all : all.filter((name) => chosen.includes(name)),
    sessionId: options.text('sessionId'),
    since: options.moment('since'),
  };
}

interface Exported {
  readonly files: readonly CsvFile[];
  /** Where the rows come from, for people. */
  readonly source: string;
}

async function exportTables(
  { options, terminal }: Invocation,
  workplace: Workplace,
  order: ExportOrder,
): Promise<Exported> {
  if (options.flag('fromJournal')) return exportJournal(workplace, order);
  try {
    return await exportDatabase(workplace, order, terminal);
  } catch (error) {
    if (!isUnreachable(error) || !(error instanceof Error)) throw error;
    terminal.note(`note: ${visible(error.message)}`);
    return exportJournal(workplace, order);
  }
}

async function exportDatabase(
  workplace: Workplace,
  order: ExportOrder,
  terminal: Invocation['terminal'],
): Promise<Exported> {
  const { exportStore } = await import('../reading/store-export.ts');
  const store = await openCurrentStore(workplace, terminal);
  try {
    return { files: await exportStore(store, order), source: store.description };
  } finally {
    await store.close();
  }
}

async function exportJournal({ directory }: Workplace, order: ExportOrder): Promise<Exported> {
  const { exportCsv } = await import('../../journal/csv.ts');
  const { into, sessionId, since } = order;
  const files = await exportCsv({
    directory,
    into,
    tables: order.tables,
    ...(sessionId !== undefined && { sessionId }),
    ...(since !== undefined && { since: since.getTime() * 1000 }),
  });
  return { files, source: `the journals in ${directory}, which hold only what has not been removed after shipping` };
}
