import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { startTcpRelay } from '../harness/tcp-relay.ts';

/** A wire to a database that can be cut, and joined again. It is gone when the test has ended. */
export interface Wire {
  readonly url: string;
  /** Ends every connection; no other is let through. */
  cut(): void;
  join(): void;
}

/** Starts a wire to the server of a `postgres://` URL. */
export async function startWire(serverUrl: string): Promise<Wire> {
  const clients = new Set<Socket>();
  let isCut = false;
  const relay = await startTcpRelay(serverUrl, (client, upstream) => {
    if (isCut) return void client.destroy();
    clients.add(client);
    client.on('close', () => clients.delete(client));
    client.pipe(upstream);
    upstream.pipe(client);
  });
  onTestFinished(() => relay.close());
  return {
    url: relay.url,
    cut() {
      isCut = true;
      for (const client of clients) client.destroy();
    },
    join() {
      isCut = false;
    },
  };
}
