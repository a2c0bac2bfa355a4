import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, vi } from 'vitest';
import { startOtlpReceiver } from './otlp-receiver.ts';

it('counts a request whose sender closes the connection half-way, and takes nothing of it', async () => {
  const receiver = await startOtlpReceiver();
  const { port, hostname } = new URL(receiver.endpoint);
  const socket = connect(Number(port), hostname);
  socket.write('POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n{"half":');
  // It has begun to read the body.
  await once(socket, 'data');
  socket.destroy();
  await vi.waitFor(() => expect(receiver.aborted).toEqual(['/v1/traces']), { timeout: 20_000 });
  expect(receiver.requests).toEqual([]);
  await receiver.close();
});

it('tells of a request that it cannot read, in its answer and when it is closed', async () => {
  const receiver = await startOtlpReceiver();
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${receiver.endpoint}/v1/logs`, { method: 'POST', headers, body: '{"half":' });
  expect(answer.status).toBe(400);
  expect(receiver.aborted).toEqual([]);
  await expect(receiver.close()).rejects.toThrow('could not be read');
});
