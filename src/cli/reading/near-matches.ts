import type { LedgerReader } from './ledger-reader.ts';

const mostShown = 5;
const mostSessions = 300;

/** Ids of sessions, kinds and processes that come near to one that is not known, the nearest first. */
export async function nearMatches(reader: LedgerReader, id: string): Promise<readonly string[]> {
  const sessions = await reader.sessions({ last: mostSessions });
  const open = await reader.running({}, mostSessions);
  const known = new Set([
    ...sessions.flatMap(({ id: session, kind }) => [session, ...(kind === null ? [] : [kind])]),
    ...open.flatMap(({ item_id: item, task_name: task, trace_id: trace }) => [
      ...(item === null ? [] : [item]),
      task,
      trace,
    ]),
    ...(await reader.processes()).map(({ instance_id: instance }) => instance),
  ]);
  return [...known]
    .map((text) => ({ text, distance: distanceOf(id.toLowerCase(), text.toLowerCase()) }))
    .filter(({ text, distance }) => isNear(id.toLowerCase(), text.toLowerCase(), distance))
    .toSorted((a, b) => a.distance - b.distance || (a.text < b.text ? -1 : 1))
    .slice(0, mostShown)
    .map(({ text }) => text);
}

const fewestLetters = 3;

/** Up to a third of the letters may differ; a part that is long enough is near as well. */
function isNear(one: string, other: string, distance: number): boolean {
  if (distance <= Math.max(1, Math.floor(Math.max(one.length, other.length) / 3))) return true;
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.length >= fewestLetters && long.includes(short);
}

/** Letters to add, take away or change. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 0; i < one.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j += 1) {
      const changed = (row[j] ?? 0) + (one[i] === other[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
