import type { MachineDefinition } from './transition.ts';

/** States that an automatic path may pass through: forward work only, never an end, `failed` or `expanding`. */
const passable: Readonly<Record<MachineDefinition<string>['name'], ReadonlySet<string>>> = {
  session: new Set(['ready', 'processing', 'importing']),
  item: new Set(['analyzing', 'checking', 'moving', 'updating']),
};

/**
 * The steps of the shortest legal path from `from` to `to`, `to` included: empty when already there, `undefined` when no
 * path exists. It passes only through forward work and never leaves an end, except that an item in `warning` may move on
 * to `imported`; a retry is a decision, not a path.
 */
export function legalPath<S extends string>(machine: MachineDefinition<S>, from: S, to: S): readonly S[] | undefined {
  if (from === to) return [];
  if (machine.isEnd(from)) return finishing(machine, from, to) ? [to] : undefined;
  if (machine.next(from).includes(to)) return [to];
  const open = passable[machine.name];
  const reached = new Set<S>([from]);
  let frontier: (readonly S[])[] = [[]];
  while (frontier.length > 0) {
    const longer: (readonly S[])[] = [];
    for (const path of frontier) {
      for (const next of machine.next(path.at(-1) ?? from)) {
        if (next === to) return [...path, next];
        if (!open.has(next) || reached.has(next)) continue;
        reached.add(next);
        longer.push([...path, next]);
      }
    }
    frontier = longer;
  }
  return undefined;
}

function finishing<S extends string>(machine: MachineDefinition<S>, from: S, to: S): boolean {
  return machine.next(from).includes(to) && machine.isEnd(to);
}
