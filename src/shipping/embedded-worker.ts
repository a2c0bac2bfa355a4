import { parentPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import type {
  EmbeddedFailure,
  EmbeddedOpening,
  EmbeddedOptions,
  EmbeddedRequest,
  EmbeddedResponse,
} from './embedded-protocol.ts';

/*
 * The thread that PGlite runs on. A statement blocks its thread from beginning to end, so it must not be the caller's.
 */

const int8 = 20;
const numeric = 1700;

await serve(workerData as EmbeddedOptions);

async function serve(options: EmbeddedOptions): Promise<void> {
  const modules = await load();
  if ('error' in modules) return say({ type: 'missing', error: modules.error });
  try {
    const database = await open(modules, options);
    parentPort?.on('message', (request: EmbeddedRequest) => void answer(database, request));
    say({ type: 'open' });
  } catch (error) {
    say({ type: 'failed', error: toFailure(error) });
  }
}

interface Modules {
  readonly pglite: typeof import('@electric-sql/pglite');
  readonly prepared: typeof import('@electric-sql/pglite-prepopulatedfs') | undefined;
}

/** Both packages are optional: without the prepared cluster PGlite makes one itself, which takes longer and more memory. */
async function load(): Promise<Modules | { readonly error: EmbeddedFailure }> {
  try {
    const pglite = await import('@electric-sql/pglite');
    const prepared = await import('@electric-sql/pglite-prepopulatedfs').catch(() => undefined);
    return { pglite, prepared };
  } catch (error) {
    return { error: toFailure(error) };
  }
}

async function open({ pglite, prepared }: Modules, { dataDirectory, isNew }: EmbeddedOptions): Promise<PGlite> {
  return pglite.PGlite.create({
    dataDir: dataDirectory,
    parsers: { [int8]: Number, [numeric]: Number },
    ...(isNew && prepared !== undefined ? { loadDataDir: await prepared.dataDir() } : {}),
  });
}

async function answer(database: PGlite, request: EmbeddedRequest): Promise<void> {
  try {
    say({ id: request.id, rows: await carryOut(database, request) });
  } catch (error) {
    say({ id: request.id, error: toFailure(error) });
  }
}

async function carryOut(database: PGlite, request: EmbeddedRequest): Promise<readonly Record<string, unknown>[]> {
  switch (request.type) {
    case 'query':
      return (await database.query<Record<string, unknown>>(request.sql, [...request.parameters])).rows;
    case 'script':
      await database.exec(request.sql);
      return [];
    case 'copy':
      await database.query(`copy ${request.target} from '/dev/blob' with (format binary)`, [], {
        blob: new Blob([request.data as Uint8Array<ArrayBuffer>]),
      });
      return [];
    case 'close':
      await database.close();
      return [];
    default:
      return request satisfies never;
  }
}

function say(message: EmbeddedOpening | EmbeddedResponse): void {
  parentPort?.postMessage(message);
}

function toFailure(error: unknown): EmbeddedFailure {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { message: String(message ?? error), ...(typeof code === 'string' ? { code } : {}) };
}
