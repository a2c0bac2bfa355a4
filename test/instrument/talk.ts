import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What is said on one connection. */
export interface Talk {
  /** Sent one after another. */
  readonly send: readonly (string | Uint8Array)[];
  /** A text in the answer without which no further part is sent. */
  readonly await?: string;
  /** What becomes of the connection after the last part; otherwise the service closes it. */
  readonly finish?: 'end' | 'destroy';
}

/** Everything that a connection answers, byte for byte, but for the date. */
export async function talk(
  port: number | undefined,
  { send, await: expected, finish }: Talk,
  open: (port: number) => Socket = (to) => connect(to, '127.0.0.1'),
): Promise<string> {
  const socket = open(port ?? 0);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  for (const [index, part] of send.entries()) {
    if (index > 0 && expected !== undefined) while (!answer.includes(expected)) await once(socket, 'data');
    await Promise.race([new Promise((resolve) => socket.write(part, resolve)), closed]);
  }
  if (finish !== undefined) socket[finish]();
  await closed;
  return answer.replaceAll(/^Date: .*\r\n/gim, '');
}

/** The last request of a connection. */
export const last = 'Connection: close\r\n';

/** A GET request as bytes. @param more header lines */
export function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
}

/** The head of a POST request with this body, in JSON unless said otherwise. */
export function post(path: string, body: string | Uint8Array, more = last, type = 'application/json'): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n`;
}
