import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A place before a server, from which its clients reach it. */
export interface TcpRelay {
  /** The URL with the relay's address in place of the server's. */
  readonly url: string;
  /** Connections that are open now. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts a relay before the server of a URL. `join` lets each client and its connection to the server speak; when one is gone, so is the other. */
export async function startTcpRelay(
  serverUrl: string,
  join: (client: Socket, upstream: Socket) => void,
): Promise<TcpRelay> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    join(client, upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The relay has no port.');
  const url = new URL(serverUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    connections: () => sockets.size / 2,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
