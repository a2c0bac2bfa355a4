import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take ten seconds and more on a quiet machine, the longest first. Vitest orders by what it measured before, and on
 * a machine that has measured nothing a long file may come last and run alone.
 */
const long = [
  'shipping/embedded-store',
  'examples/inventory-sync-hangs',
  'register/lost-work',
  'examples/repeated-import',
  'package/package',
  'watchdog/watchdog',
  'instrument/start-instrumentation',
  'register/shipping',
  'cli/commands/embedded',
  'faults/faults',
  'examples/inventory-sync',
  'examples/job-worker',
  'register/journal-only',
  'cli/commands/doctor',
  'cli/commands/retention',
  'logging/closed-output',
  'instrument/framework-conformance',
  'register/systemd',
  'documents',
  'examples/interrupted-import',
];

/**
 * Starts the longest files first, so that the workers end together, and last those that share processes: a process goes on with
 * the next file only if that is of the same project.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((a, b) => rank(a) - rank(b) || a.project.name.localeCompare(b.project.name));
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  const place = long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  if (place !== -1) return place;
  return long.length + (project.config.isolate ? 0 : 1);
}
