import type { TestProject } from 'vitest/node';
import { ensureBuild } from './current-build.ts';
import { startDatabaseService } from './database-service.ts';
import { makeMemoryScratch } from './memory-scratch.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseService: string;
  }
}

/** Offers databases to the test files of this run and ends the server behind them by its own handle. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  ensureBuild();
  const scratch = makeMemoryScratch();
  // The processes of the test files, which start after this, inherit it.
  if (scratch !== undefined) process.env.TMPDIR = scratch.path;
  const service = await startDatabaseService();
  project.provide('databaseService', service.url);
  return async () => {
    await service.close();
    scratch?.remove();
  };
}
