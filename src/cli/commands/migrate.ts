import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import type { AppliedMigration } from '../../shipping/migrate.ts';
import { listMigrations } from '../../shipping/migrations.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { withStore } from '../reading/open-store.ts';
import { isoTime } from '../rendering/quantities.ts';
import { jsonLine, visible } from '../visible.ts';
import { openWorkplace } from '../workplace.ts';

/** `spanledger migrate current|history|up` */
export const run: Run = (invocation) =>
  withStore(openWorkplace(invocation), (store) => {
    switch (invocation.arguments[0]) {
      case 'current':
        return tellCurrent(invocation, store);
      case 'history':
        return tellHistory(invocation, store);
      default:
        return apply(invocation, store);
    }
  });

async function tellCurrent({ options, terminal }: Invocation, store: SqlLedgerStore) {
  const { latest } = store.migrator;
  const current = await store.migrator.current();
  if (options.flag('json')) await terminal.line(jsonLine({ current, latest, database: store.description }));
  else
    await terminal.line(
      `${visible(store.description)}: migration ${current} of ${latest}${adviceFor(current, latest)}`,
    );
  return current === latest ? exitCode.ok : exitCode.finding;
}

function adviceFor(current: number, latest: number): string {
  if (current > latest) return '; the schema is newer than this version, upgrade spanledger here';
  return current < latest ? '; run `spanledger migrate up`' : '';
}

async function tellHistory({ options, terminal }: Invocation, store: SqlLedgerStore) {
  const applied = new Map((await store.migrator.history()).map((migration) => [migration.id, migration]));
  const known = listMigrations().map(({ id, name }) => ({ id, name, appliedAt: applied.get(id)?.appliedAt }));
  const unknown = [...applied.values()].filter(({ id }) => id > store.migrator.latest);
  for (const { id, name, appliedAt } of [...known, ...unknown]) {
    const time = appliedAt === undefined ? 'not applied' : isoTime(appliedAt);
    if (options.flag('json')) await terminal.line(jsonLine({ id, name, applied_at: appliedAt ?? null }));
    else await terminal.line(`${numbered(id, name)}  ${time}`);
  }
  return exitCode.ok;
}

async function apply({ options, terminal }: Invocation, store: SqlLedgerStore) {
  const applied = await store.migrator.up();
  for (const migration of applied) await tellApplied(migration);
  if (applied.length === 0 && !options.flag('json')) {
    await terminal.line(`${visible(store.description)} is up to date at migration ${store.migrator.latest}.`);
  }
  return exitCode.ok;

  async function tellApplied({ id, name, appliedAt }: AppliedMigration): Promise<void> {
    if (options.flag('json')) await terminal.line(jsonLine({ id, name, applied_at: appliedAt }));
    else await terminal.line(`${numbered(id, name)}  applied`);
  }
}

function numbered(id: number, name: string): string {
  return `${String(id).padStart(4, '0')}-${name}`;
}
