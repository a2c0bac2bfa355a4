import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A wire between a client and a server that can be made to fail. */
export interface TcpProxy {
  /** The URL with the proxy's address in place of the server's. */
  readonly url: string;
  /** Connections that are open now. */
  connections(): number;
  /** How often a client has spoken up, at the beginning or after the server had said something: its round trips so far. */
  roundTrips(): number;
  /** Cuts the connection on which the server next says `text`: it has done what it was told, and the client never learns it. */
  loseAnswer(text: string): void;
  /** From the moment the client next sends `text`, nothing gets through in either direction and nothing is closed. */
  swallowFrom(text: string): void;
  /** Lets everything through again. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts a proxy before the server of a `postgres://` URL. */
export async function startTcpProxy(serverUrl: string): Promise<TcpProxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let lost: Buffer | undefined;
  let swallowed: Buffer | undefined;
  let isSilent = false;
  let roundTrips = 0;
  const server = createServer((client) => {
    let isClientsTurn = true;
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
    client.on('data', (bytes) => {
      if (swallowed !== undefined && bytes.includes(swallowed)) isSilent = true;
      if (isSilent) return;
      if (isClientsTurn) roundTrips += 1;
      isClientsTurn = false;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (isSilent) return;
      isClientsTurn = true;
      if (lost === undefined || !bytes.includes(lost)) {
        client.write(bytes);
        return;
      }
      lost = undefined;
      client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  const url = new URL(serverUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    connections: () => sockets.size / 2,
    roundTrips: () => roundTrips,
    loseAnswer(text) {
      lost = Buffer.from(text);
    },
    swallowFrom(text) {
      swallowed = Buffer.from(text);
    },
    heal() {
      lost = undefined;
      swallowed = undefined;
      isSilent = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
