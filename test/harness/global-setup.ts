import type { TestProject } from 'vitest/node';
import { ensureBuild } from './current-build.ts';
import { startDatabaseService } from './database-service.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseService: string;
  }
}

/** Offers databases to the test files of this run and ends the server behind them by its own handle. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  ensureBuild();
  const service = await startDatabaseService();
  project.provide('databaseService', service.url);
  return () => service.close();
}
