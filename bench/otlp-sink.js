// @ts-check
// A collector that takes everything and keeps nothing but the number of spans, in a process of its own. Prints its port; answers
// every message with the number so far.
import { createServer } from 'node:http';

/** Fields on the way from a request to its spans: resource spans, scope spans, spans. */
const path = [1, 2, 2];
const lengthDelimited = 2;
let spans = 0;

const server = createServer((request, response) => {
  /** @type {Buffer[]} */
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    if (request.url?.endsWith('/traces') === true) spans += countAt(Buffer.concat(parts), 0);
    response.writeHead(200, { 'content-type': 'application/x-protobuf' });
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`);
});
process.on('message', () => process.send?.(spans));
process.on('disconnect', () => process.exit(0));

/**
 * Spans in a message so many steps below a request.
 * https://protobuf.dev/programming-guides/encoding/
 * @param {Buffer} message
 * @param {number} depth
 * @returns {number}
 */
function countAt(message, depth) {
  let count = 0;
  for (let at = 0; at < message.length; ) {
    const key = varint(message, at);
    const value = varint(message, key.end);
    if ((key.value & 7) !== lengthDelimited) throw new Error('This is no export request.');
    const end = value.end + value.value;
    if (key.value >> 3 === path[depth]) {
      count += depth === path.length - 1 ? 1 : countAt(message.subarray(value.end, end), depth + 1);
    }
    at = end;
  }
  return count;
}

/** @param {Buffer} message @param {number} at */
function varint(message, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7, at += 1) {
    const byte = message[at] ?? 0;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return { value, end: at + 1 };
  }
}
