import { parseArgs } from 'node:util';
import type { Balance } from './accounting.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';
import { createStage, type Stage } from './stage.ts';

/** Sizes of a fault by name, such as `runs` or `records`. */
export type Sizes = Readonly<Record<string, number>>;

/** What a run of a fault came to. */
export interface Outcome {
  readonly runs: number;
  readonly balance: Balance;
  /** What was measured on the way, shown with the result. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** What did not hold, in sentences, besides what the balance found. */
  readonly faults: readonly string[];
}

/** One fault: what is done to real processes, and what must hold afterwards. */
export interface Fault<S extends Sizes = Sizes> {
  readonly name: string;
  readonly brief: string;
  /** Sizes for every day, and the full ones. */
  readonly small: S;
  readonly full: S;
  run(stage: Stage, sizes: S, random: SeededRandom): Promise<Outcome>;
}

export interface Report {
  readonly fault: string;
  readonly seed: number;
  readonly runs: number;
  readonly acknowledged: number;
  readonly stored: number;
  readonly dropped: number;
  readonly deadLetters: number;
  readonly doubled: number;
  readonly seconds: number;
  readonly verdict: 'held' | 'FAILED';
  readonly figures: Readonly<Record<string, number | string>>;
  readonly faults: readonly string[];
}

/**
 * Runs a fault as a program: `node --import ./test/harness/typescript.js test/faults/<name>.ts [--full] [--seed N] [--<size> N]`. The
 * report is the last line on standard output; the exit code is 1 where something did not hold.
 */
export async function runAlone<S extends Sizes>(fault: Fault<S>): Promise<void> {
  const options = Object.fromEntries(
    [...Object.keys(fault.small), 'seed'].map((name) => [name, { type: 'string' as const }]),
  );
  const { values }: { values: Readonly<Record<string, string | boolean | undefined>> } = parseArgs({
    options: { ...options, full: { type: 'boolean' } },
  });
  const given = Object.entries(values).filter(([name]) => name in fault.small);
  const chosen = values.full === true ? fault.full : fault.small;
  const sizes = { ...chosen, ...Object.fromEntries(given.map(([name, text]) => [name, Number(text)])) } as S;
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  process.stderr.write(`${fault.name}: ${fault.brief}; seed ${seed}, ${JSON.stringify(sizes)}\n`);
  const report = await perform(fault, sizes, seed);
  for (const line of describe(report)) process.stderr.write(`${line}\n`);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.verdict === 'held' ? 0 : 1;
}

function describe({ fault, verdict, seconds, figures, faults, ...counts }: Report): readonly string[] {
  const named = Object.entries({ ...counts, ...figures }).map(([name, value]) => `${name} ${value}`);
  return [`${fault}: ${verdict} after ${seconds} s; ${named.join(', ')}`, ...faults.map((text) => `  - ${text}`)];
}

/** Runs a fault on a stage of its own and ends everything that it started. */
export async function perform<S extends Sizes>(fault: Fault<S>, sizes: S, seed: number): Promise<Report> {
  const stage = createStage(fault.name);
  const endEarly = () => process.exit(1);
  process.once('SIGTERM', endEarly).once('SIGINT', endEarly);
  const begin = performance.now();
  try {
    const { runs, balance, figures, faults } = await fault.run(stage, sizes, createSeededRandom(seed));
    const found = [...faults, ...balance.faults];
    const { acknowledged, stored, dropped, deadLetters, doubled } = balance;
    return {
      fault: fault.name,
      seed,
      runs,
      acknowledged,
      stored,
      dropped,
      deadLetters,
      doubled,
      seconds: Math.round((performance.now() - begin) / 100) / 10,
      verdict: found.length === 0 ? 'held' : 'FAILED',
      figures,
      faults: found,
    };
  } finally {
    process.off('SIGTERM', endEarly).off('SIGINT', endEarly);
    await stage.close();
  }
}
