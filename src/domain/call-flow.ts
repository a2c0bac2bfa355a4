/** Steps of one name within a run. Times are milliseconds since the Unix epoch. */
export interface FlowStep {
  /** `item`, `step`, `task` or `batch`. */
  readonly unit: string;
  /** Empty for items, which count together. */
  readonly name: string;
  /** The step around it. */
  readonly inside?: string;
  readonly inItem: boolean;
  readonly count: number;
  readonly open: number;
  readonly failed: number;
  readonly firstAt: number;
  readonly medianMillis?: number;
}

/** `not seen`: earlier runs had it, this one has not. */
export type FlowMark = 'seen' | 'open' | 'failed' | 'not seen';

/** A step of the flow, in the order of execution. */
export interface FlowLine {
  readonly unit: string;
  readonly name: string;
  readonly inside?: string;
  readonly inItem: boolean;
  readonly mark: FlowMark;
  readonly count: number;
  readonly failed: number;
  /** When the first of them began. */
  readonly firstAt?: number;
  readonly medianMillis?: number;
  /** Earlier runs that had it, and the median of their medians. */
  readonly usualRuns: number;
  readonly usualMillis?: number;
}

/** Steps that fewer than half of the earlier runs had are no part of what is expected. */
const expectedShare = 0.5;

/**
 * The steps of a run and those that are missing of what is expected of it: what at least half of the earlier runs had. Its own steps
 * stand in the order in which they began; a missing one stands behind the step that it follows in the earlier runs.
 */
export function callFlow(own: readonly FlowStep[], earlier: readonly (readonly FlowStep[])[]): readonly FlowLine[] {
  const lines = own.toSorted((a, b) => a.firstAt - b.firstAt).map((step) => seenLine(step, earlier));
  for (const usual of expectedSteps(earlier)) {
    if (lines.some((line) => keyOf(line) === keyOf(usual))) continue;
    const line: FlowLine = { ...placeOf(usual), mark: 'not seen', count: 0, failed: 0, ...usualOf(usual, earlier) };
    lines.splice(placeFor(usual, lines, earlier), 0, line);
  }
  return lines;
}

function keyOf({ unit, name, inside, inItem }: Pick<FlowStep, 'unit' | 'name' | 'inside' | 'inItem'>): string {
  return JSON.stringify([unit, name, inside, inItem]);
}

function placeOf({ unit, name, inside, inItem }: FlowStep) {
  return { unit, name, inItem, ...(inside !== undefined && { inside }) };
}

function seenLine(step: FlowStep, earlier: readonly (readonly FlowStep[])[]): FlowLine {
  const { count, failed, open, firstAt, medianMillis } = step;
  const mark = open > 0 ? 'open' : failed === count ? 'failed' : 'seen';
  const known = { count, failed, firstAt, ...(medianMillis !== undefined && { medianMillis }) };
  return { ...placeOf(step), mark, ...known, ...usualOf(step, earlier) };
}

function usualOf(step: FlowStep, earlier: readonly (readonly FlowStep[])[]) {
  const same = earlier.flatMap((run) => run.find((one) => keyOf(one) === keyOf(step)) ?? []);
  const medians = same.flatMap(({ medianMillis }) => medianMillis ?? []).sort((a, b) => a - b);
  const usualMillis = medians[Math.floor((medians.length - 1) / 2)];
  return { usualRuns: same.length, ...(usualMillis !== undefined && { usualMillis }) };
}

/** Each step once, in the order of the run that had most of them. */
function expectedSteps(earlier: readonly (readonly FlowStep[])[]): readonly FlowStep[] {
  const counts = new Map<string, number>();
  for (const run of earlier) for (const step of run) counts.set(keyOf(step), (counts.get(keyOf(step)) ?? 0) + 1);
  const needed = Math.max(1, earlier.length * expectedShare);
  const seen = new Set<string>();
  const longestFirst = earlier.toSorted((a, b) => b.length - a.length);
  return longestFirst.flatMap((run) =>
    run
      .toSorted((a, b) => a.firstAt - b.firstAt)
      .filter((step) => {
        const key = keyOf(step);
        if (seen.has(key) || (counts.get(key) ?? 0) < needed) return false;
        seen.add(key);
        return true;
      }),
  );
}

/** Behind the last line that comes before it in an earlier run; else in front. */
function placeFor(step: FlowStep, lines: readonly FlowLine[], earlier: readonly (readonly FlowStep[])[]): number {
  const run = earlier.find((one) => one.some((other) => keyOf(other) === keyOf(step))) ?? [];
  const sorted = run.toSorted((a, b) => a.firstAt - b.firstAt).map(keyOf);
  const before = new Set(sorted.slice(0, sorted.indexOf(keyOf(step))));
  return lines.findLastIndex((line) => before.has(keyOf(line))) + 1;
}

/** What was seen last and what comes next: between them stands the program. */
export interface FlowWindow {
  /** What was seen last, in words; absent where nothing was. */
  readonly after?: string;
  /** What was expected next, in words; absent where earlier runs tell nothing. */
  readonly before?: string;
  /** Steps that usually run inside the open one and of which none was recorded. */
  readonly unseenInside: readonly string[];
}

/** The window of code in which a run that is open stands, or in which one ended. */
export function flowWindow(lines: readonly FlowLine[]): FlowWindow {
  const openLines = lines.filter(({ mark }) => mark === 'open');
  const inner = openLines.findLast((line) => !openLines.some((other) => isInside(other, line))) ?? openLines.at(-1);
  if (inner !== undefined) return openWindow(inner, lines);
  const last = latestSeen(lines);
  const next = lines.slice(last === undefined ? 0 : lines.indexOf(last) + 1).find(({ mark }) => mark === 'not seen');
  return {
    ...(last !== undefined && { after: `the end of ${lineText(last)}` }),
    ...(next !== undefined && { before: `the begin of ${lineText(next)}` }),
    unseenInside: [],
  };
}

function openWindow(open: FlowLine, lines: readonly FlowLine[]): FlowWindow {
  const inside = lines.filter((line) => isInside(line, open));
  const done = inside.filter(({ mark }) => mark !== 'not seen').at(-1);
  const next = inside.slice(done === undefined ? 0 : inside.indexOf(done) + 1).find(({ mark }) => mark === 'not seen');
  const unseen = done === undefined ? inside.map(lineText) : [];
  return {
    after: done === undefined ? `the begin of ${lineText(open)}` : `the end of ${lineText(done)}`,
    before: next === undefined ? `the end of ${lineText(open)}` : `the begin of ${lineText(next)}`,
    unseenInside: unseen,
  };
}

function isInside(line: FlowLine, around: FlowLine): boolean {
  if (line === around) return false;
  if (around.unit === 'item') return line.inItem;
  return line.inside === around.name && line.inItem === around.inItem;
}

function latestSeen(lines: readonly FlowLine[]): FlowLine | undefined {
  return lines.findLast(({ mark }) => mark !== 'not seen');
}

/** `step fetch`, `the items`, `batch load`. */
function lineText({ unit, name }: Pick<FlowLine, 'unit' | 'name'>): string {
  return unit === 'item' ? 'the items' : `${unit} ${name}`;
}
