import type { EncodedTable } from './row-encoding.ts';
import type { ShipStatements } from './ship-statements.ts';
import { toTimestamp } from './ship-transaction.ts';
import type { Shipment } from './store.ts';

/** A shipment as statements for `SqlDatabase.runScript`, and the rows for its COPYs. */
export interface ShipScript {
  readonly script: string;
  readonly copies: readonly Uint8Array[];
}

/** What Postgres answers where the offset or the migration is not what was expected: a division by the number of rows claimed. */
export const notClaimedCode = '22012';

/**
 * What `shipInTransaction` does, as one script without questions: where it would have to look at an answer, it fails, and the
 * transaction with questions then finds out why.
 */
export function shipScript(
  statements: ShipStatements,
  shipment: Shipment,
  encoded: readonly EncodedTable[],
  nowMicros: number,
): ShipScript {
  const script: string[] = [claimed(statements, shipment, nowMicros)];
  const copies: Uint8Array[] = [];
  if (shipment.from === 0) script.push(introduced(statements, shipment));
  for (const part of encoded) {
    script.push(...storing(statements, part));
    copies.push(part.data);
  }
  return { script: script.join(';\n'), copies };
}

/** Whether every text of a shipment can stand in a statement. */
export function fitsScript({ owner, segment }: Shipment): boolean {
  return ![owner.instanceId, owner.service, owner.host, segment].some((text) => text.includes('\0'));
}

function claimed(statements: ShipStatements, shipment: Shipment, nowMicros: number): string {
  const { owner, segment, from, to, records, deadLetters = 0 } = shipment;
  const values = {
    instanceId: literal(owner.instanceId),
    segment: literal(segment),
    from: String(from),
    to: String(to),
    records: String(records),
    deadLetters: String(deadLetters),
    at: literal(toTimestamp(nowMicros)),
  };
  return `with claimed as (${statements.claim(values, from === 0)})
    select 1 / count(*) from claimed where migration = ${statements.migration}`;
}

function introduced(statements: ShipStatements, { owner }: Shipment): string {
  const { instanceId, service, host, pid, startedAt } = owner;
  return statements.introduce({
    instanceId: literal(instanceId),
    service: literal(service),
    host: literal(host),
    pid: literal(String(pid)),
    startedAt: literal(toTimestamp(startedAt)),
  });
}

function storing(statements: ShipStatements, part: EncodedTable): readonly string[] {
  const upsert = part.isFresh ? undefined : statements.upserts[part.table];
  if (upsert === undefined) return [copyInto(statements.copyTargets[part.table])];
  const { stage, copyTarget, merge, advance } = upsert;
  return [stage, copyInto(copyTarget), merge, ...(part.hasPartialRows && advance !== undefined ? [advance] : [])];
}

function copyInto(target: string): string {
  return `copy ${target} from stdin (format binary)`;
}

/** A text as an SQL literal, whatever `standard_conforming_strings` says. */
function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
