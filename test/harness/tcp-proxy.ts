import { startTcpRelay, type TcpRelay } from './tcp-relay.ts';

/** A wire between a client and a server that can be made to fail. */
export interface TcpProxy extends TcpRelay {
  /** How often a client has spoken up, at the beginning or after the server had said something: its round trips so far. */
  roundTrips(): number;
  /** Cuts the connection on which the server next says `text`: it has done what it was told, and the client never learns it. */
  loseAnswer(text: string): void;
  /** From the moment the client next sends `text`, nothing gets through in either direction and nothing is closed. */
  swallowFrom(text: string): void;
  /** Lets everything through again. */
  heal(): void;
}

/** Starts a proxy before the server of a `postgres://` URL. */
export async function startTcpProxy(serverUrl: string): Promise<TcpProxy> {
  let lost: Buffer | undefined;
  let swallowed: Buffer | undefined;
  let isSilent = false;
  let roundTrips = 0;
  const relay = await startTcpRelay(serverUrl, (client, upstream) => {
    let isClientsTurn = true;
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
  return {
    ...relay,
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
  };
}
