import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take ten seconds and more on a quiet machine, the longest first. Vitest orders by what it measured before, and on
 * a machine that has measured nothing a long file may come last and run alone.
 */
const long = [
  'instrument/jobs/bullmq',
  'shipping/embedded-store',
  'register/lost-work',
  'register/redaction',
  'examples/inventory-sync-hangs',
  'register/threads',
  'cli/commands/embedded',
  'package/package',
  'instrument/start-instrumentation',
  'register/shipping',
  'faults/faults',
  'watchdog/watchdog',
  'examples/inventory-sync',
  'examples/repeated-import',
  'shipping/postgres-faults',
  'cli/commands/doctor',
  'instrument/framework-conformance',
  'cli/supervision/supervisor',
  'register/systemd',
  'examples/interrupted-import',
  'cli/commands/retention',
  'cli/commands/follow',
  'examples/job-worker',
  'register/journal-only',
  'logging/closed-output',
  'documents',
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
