import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { frontendMessages } from './frontend-messages.ts';

/** Where a connection is cut around a COMMIT. */
export type Cut =
  /** The server never hears of it. */
  | 'before'
  /** It is on its way to the server; nobody knows whether it gets there. */
  | 'after-sending'
  /** The server has answered, and the answer is thrown away. */
  | 'before-answer';

/** A TCP proxy on the loopback interface that does to connections what networks do. */
export interface PostgresProxy {
  /** The URL of the database, through the proxy. */
  readonly url: string;
  /** Connections that clients hold open now, and the most there have been at once. */
  readonly sockets: { readonly open: number; readonly most: number };
  /** COMMITs that went by, and those around which the connection was cut, by kind. */
  readonly commits: { readonly seen: number; readonly cut: Readonly<Partial<Record<Cut, number>>> };
  /** Asked for every COMMIT. */
  cutCommits(decide: () => Cut | undefined): void;
  /**
   * From now on every packet is taken and nothing answers, on open connections and new ones. Open connections stay so for ever; ones made
   * after `false` go through.
   */
  swallow(on: boolean): void;
  close(): Promise<void>;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket | undefined;
  isSwallowed: boolean;
}

/** Stands between clients and the server of a URL. */
export async function startProxy(databaseUrl: string): Promise<PostgresProxy> {
  const target = new URL(databaseUrl);
  const connections = new Set<Connection>();
  const sockets = { open: 0, most: 0 };
  const commits: { seen: number; cut: Partial<Record<Cut, number>> } = { seen: 0, cut: {} };
  let decide: () => Cut | undefined = () => undefined;
  let isSwallowing = false;

  const atCommit = (): Cut | undefined => {
    commits.seen += 1;
    const cut = decide();
    if (cut !== undefined) commits.cut[cut] = (commits.cut[cut] ?? 0) + 1;
    return cut;
  };
  const listener = createServer((client) => {
    sockets.open += 1;
    sockets.most = Math.max(sockets.most, sockets.open);
    const server = isSwallowing ? undefined : connect(Number(target.port), target.hostname);
    const connection = { client, server, isSwallowed: isSwallowing };
    connections.add(connection);
    client.on('error', ignore).on('close', () => {
      sockets.open -= 1;
      connections.delete(connection);
      server?.destroy();
    });
    if (server === undefined) client.resume();
    else relay(connection, server, atCommit);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const url = new URL(databaseUrl);
  url.port = String(port);
  return {
    url: url.href,
    sockets,
    commits,
    cutCommits(chosen) {
      decide = chosen;
    },
    swallow(on) {
      isSwallowing = on;
      if (on) for (const connection of connections) connection.isSwallowed = true;
    },
    async close() {
      listener.close();
      for (const { client } of connections) client.destroy();
    },
  };
}

/** Passes bytes on in both directions, and asks what to do when a COMMIT comes by. */
function relay(connection: Connection, server: Socket, atCommit: () => Cut | undefined): void {
  const { client } = connection;
  const next = frontendMessages();
  let isAnswerDropped = false;
  server.on('error', ignore).on('close', () => {
    if (!connection.isSwallowed) client.destroy();
  });
  client.on('data', (bytes: Buffer) => {
    if (connection.isSwallowed) return;
    const cut = next(bytes).some(isCommit) ? atCommit() : undefined;
    if (cut === 'before') return void client.destroy();
    server.write(bytes, () => {
      if (cut === 'after-sending') client.destroy();
    });
    if (cut === 'before-answer') isAnswerDropped = true;
  });
  server.on('data', (bytes: Buffer) => {
    if (connection.isSwallowed) return;
    if (isAnswerDropped) client.destroy();
    else client.write(bytes);
  });
}

function isCommit({ type, body }: { readonly type: string; readonly body: Buffer }): boolean {
  if (type !== 'Q' && type !== 'P') return false;
  return /(?:^|;|\0)\s*commit\s*(?:;|\0|$)/i.test(body.toString('latin1'));
}

function ignore(): void {}
