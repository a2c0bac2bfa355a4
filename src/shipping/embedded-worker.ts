import { parentPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import { unpackArchive } from './cluster-archive.ts';
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

/** The default of 128 MB costs 120 MB of memory at the first touch of it; the operating system caches the files anyway. */
const sharedBuffers = '16MB';

await serve(workerData as EmbeddedOptions);

async function serve(options: EmbeddedOptions): Promise<void> {
  const pglite = await import('@electric-sql/pglite').catch(toFailure);
  if (!('PGlite' in pglite)) return say({ type: 'missing', error: pglite });
  try {
    if (options.isNew) await prepareCluster(options.dataDirectory);
    const { PGlite } = pglite;
    const database = await PGlite.create({
      dataDir: options.dataDirectory,
      parsers: { [int8]: Number, [numeric]: Number },
      startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${sharedBuffers}`],
    });
    parentPort?.on('message', (request: EmbeddedRequest) => void answer(database, request));
    say({ type: 'open' });
  } catch (error) {
    say({ type: 'failed', error: toFailure(error) });
  }
}

/** The package with the prepared cluster is optional: without it PGlite makes one itself, which takes longer and more memory. */
async function prepareCluster(directory: string): Promise<void> {
  const prepared = await import('@electric-sql/pglite-prepopulatedfs').catch(() => undefined);
  if (prepared === undefined) return;
  await unpackArchive(await prepared.dataDir(), directory);
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
