import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Systems give out ports from here on by themselves: Linux from 32,768, others from 49,152. */
const firstGivenOut = 32_768;
const firstUsed = 10_240;

/** A port of the loopback interface on which nobody listens, and which nobody else gets by chance until somebody does. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstUsed, firstGivenOut);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
