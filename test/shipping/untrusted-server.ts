import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/** A server that agrees to TLS as Postgres does, with a certificate that nobody trusts. */
export interface UntrustedServer {
  readonly url: string;
  close(): Promise<void>;
}

// Made for this file, for 127.0.0.1, and for nothing else.
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJsso6UJMx3aw8tlP
nE7Mqqg4F1wp/1ZdvEBjWqjCCwOhRANCAAQNQXcuhF4CLc1LcXn+KNUmdnGXW8fg
707+q8VdVHqfTFpLGiLLYYNlsNmmR2AbaRGhCkwzAbla5UMvr7Eo/c1o
-----END PRIVATE KEY-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUfeJZFXW6A1X3e7FD0Z1We0Q1APEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjEzMjg0OVoYDzIxMjYxMDI5
MTMyODQ5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQNQXcuhF4CLc1LcXn+KNUmdnGXW8fg707+q8VdVHqfTFpLGiLLYYNl
sNmmR2AbaRGhCkwzAbla5UMvr7Eo/c1oo2QwYjAdBgNVHQ4EFgQUXDmIZBa1CMrm
vOBiqAyqfEjnkFowHwYDVR0jBBgwFoAUXDmIZBa1CMrmvOBiqAyqfEjnkFowDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
IBn07py1E4Y5YLihYsg9HNy/QIIN41C6sVuM5AUzVjNTAiEAkJ+qHxZP76O0sSWt
efun39hOnKOtyJzsM1VWVnvDz74=
-----END CERTIFICATE-----`;

/** Starts one on a free port. */
export async function startUntrustedServer(): Promise<UntrustedServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', () => {
      socket.write('S');
      const secured = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ key, cert }) });
      secured.on('error', () => undefined);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `postgres://user:word@127.0.0.1:${port}/ledger`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
