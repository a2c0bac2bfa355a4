// @ts-check
// A load generator, in a process of its own: so many connections, each of which asks again when it has its answer. Told a port and how
// long, it answers with the number of requests.
import { connect } from 'node:net';

const connections = 16;
const body = '{"name":"Ann","tags":["one","two"],"note":"a body as services have it"}';
const request =
  `POST /users/7 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nUser-Agent: load\r\n` +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

process.on('message', async (/** @type {{ port: number, millis: number }} */ { port, millis }) => {
  process.send?.(await load(port, millis));
});
process.on('disconnect', () => process.exit(0));

/** @param {number} port @param {number} millis */
async function load(port, millis) {
  const end = performance.now() + millis;
  const counts = await Promise.all(Array.from({ length: connections }, () => ask(port, end)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** @param {number} port @param {number} end @returns {Promise<number>} */
function ask(port, end) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    let count = 0;
    let answer = '';
    socket.on('error', reject);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (text) => {
      answer += text;
      const head = answer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1]);
      if (!answer.startsWith('HTTP/1.1 200 ')) reject(new Error(`It answered ${answer}`));
      if (answer.length < head + 4 + length) return;
      answer = '';
      count += 1;
      if (performance.now() < end) socket.write(request);
      else {
        socket.destroy();
        resolve(count);
      }
    });
  });
}
