import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createSessionHistory } from '../../src/register/session-history.ts';
import { sessionStores } from '../../src/register/session-stores.ts';
import { patience, watchContention } from '../faults/contention.ts';

it('a database that takes the connection and says nothing is let go when nobody waits for it any more', async () => {
  let openedAt = 0;
  const contention = watchContention();
  let hasClosed = () => {};
  const closed = new Promise<void>((resolve) => {
    hasClosed = resolve;
  });
  const server = createServer((socket) => {
    openedAt = performance.now();
    socket
      .on('error', () => undefined)
      .on('close', hasClosed)
      .resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const databaseUrl = `postgres://nobody:none@127.0.0.1:${port}/none`;
  const history = createSessionHistory({
    directory: '/nowhere',
    ...sessionStores({ databaseUrl, schema: 'spanledger' }, '/nowhere'),
  });
  expect(await history.lookup('s')).toBeUndefined();
  await closed;
  // The time limit for connections that somebody does wait for is five seconds.
  expect(performance.now() - openedAt).toBeLessThan(4_000 * patience(contention.share()));
});
