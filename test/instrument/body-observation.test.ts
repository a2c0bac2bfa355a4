import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  IncomingMessage as IncomingMessageClass,
  request as requestOf,
  type Server,
  type ServerOptions,
  type ServerResponse,
  ServerResponse as ServerResponseClass,
} from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGzip, gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type ObservedBody, observeRequestBody, observeResponseBody } from '../../src/instrument/body-observation.ts';
import { type Http2Headers, type Http2Stream, streamExchange } from '../../src/instrument/http2-stream.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

interface Seen {
  readonly url: string;
  readonly asked: ObservedBody | undefined;
  readonly answered: ObservedBody;
}

const maxBytes = 1_000;
const closing: (() => void)[] = [];
let seen: Seen[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
  seen = [];
});

function look(request: IncomingMessage, response: ServerResponse): void {
  const asked = observeRequestBody(request, { maxBytes });
  seen.push({ url: request.url ?? '', asked, answered: observeResponseBody(response, { maxBytes }) });
}

/** Looks at what every request and its answer carry, before `listener` has them. */
async function serve(listener: Listener, options: ServerOptions = {}): Promise<string> {
  const server: Server = createServer(options);
  server.on('request', look).on('request', listener);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function bodyOf(observed: ObservedBody | undefined): string | undefined {
  const body = observed?.seen();
  return body && (body.text ?? Buffer.from(body.bytes).toString());
}

const bodies = () => seen.map(({ url, asked, answered }) => [url, bodyOf(asked), bodyOf(answered)]);

function send(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', body, headers }).then((response) => response.text());
}

const json = { 'content-type': 'application/json' };

/** Answers what it was asked, in an envelope and in two parts. */
const echo: Listener = async (request, response) => {
  const asked = await text(request);
  response.writeHead(200, json);
  response.write('{"echo":');
  response.end(`${asked}}`);
};

/** Those that Node.js is told to make, one with methods of its own. */
class OwnRequest extends IncomingMessageClass {}
class OwnResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponseClass<R> {
  override end(...args: unknown[]): this {
    return Reflect.apply(super.end, this, args) as this;
  }
}

type Answering = { json(value: unknown): void };
/** What is used of Express, whose packages have no types. */
interface Express {
  (): Listener & {
    use(step: Listener): void;
    post(path: RegExp, step: (asked: { body: unknown }, to: Answering) => void): void;
  };
  json(): Listener;
}

const load = createRequire(import.meta.url);

function expressApp(name: string): Listener {
  const express = load(name) as Express;
  const app = express();
  app.use(express.json());
  app.post(/.*/, ({ body }, response) => response.json({ echo: body }));
  return app;
}

describe('the bodies of a request and of its answer', () => {
  it.each<[string, Listener, ServerOptions?]>([
    ['node:http', echo],
    [
      'classes of requests and answers of their own',
      echo,
      { IncomingMessage: OwnRequest, ServerResponse: OwnResponse } as ServerOptions,
    ],
    ['Express 5, which makes them objects of another class', expressApp('express')],
    ['Express 4', expressApp('express4')],
    [
      'a listener that puts methods of its own in front',
      (request, response) => {
        const { write, end } = response;
        response.write = ((...args: unknown[]) => Reflect.apply(write, response, args)) as typeof write;
        response.end = ((...args: unknown[]) => Reflect.apply(end, response, args)) as typeof end;
        return echo(request, response);
      },
    ],
    ['a listener that hands on a proxy', (request, response) => echo(request, new Proxy(response, { get: bound }))],
  ])('are seen once with %s', async (_, listener, options) => {
    const url = await serve(listener, options);
    expect(await send(`${url}/a`, '{"n":1}')).toBe('{"echo":{"n":1}}');
    expect(await send(`${url}/b`, '{"n":2}')).toBe('{"echo":{"n":2}}');
    expect(bodies()).toEqual([
      ['/a', '{"n":1}', '{"echo":{"n":1}}'],
      ['/b', '{"n":2}', '{"echo":{"n":2}}'],
    ]);
  });

  it('are those of each request in a pipeline, whose answers wait for each other', async () => {
    const late: (() => void)[] = [];
    const url = new URL(
      await serve((request, response) => {
        request.resume().on('end', () => late.push(() => response.writeHead(200, json).end(`"${request.url}"`)));
        // The last one is answered first.
        if (request.url === '/3') request.on('end', () => answerAll(late.reverse()));
      }),
    );
    const client = connect(Number(url.port), url.hostname);
    const asked = [1, 2, 3].map(
      (n) => `POST /${n} HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n`,
    );
    client.write(
      asked.map((head, index) => `${head}${index === 2 ? 'connection: close\r\n' : ''}\r\nb${index + 1}`).join(''),
    );
    expect((await text(client)).match(/"\/\d"/g)).toEqual(['"/1"', '"/2"', '"/3"']);
    expect(bodies()).toEqual([
      ['/1', 'b1', '"/1"'],
      ['/2', 'b2', '"/2"'],
      ['/3', 'b3', '"/3"'],
    ]);
  });

  it('are not those of requests that the service makes meanwhile', async () => {
    const inner = createServer(async (request, response) => {
      await text(request);
      response.writeHead(200, json).end('"inner"');
    });
    closing.push(() => inner.close());
    inner.listen(0, '127.0.0.1');
    await once(inner, 'listening');
    const { port } = inner.address() as AddressInfo;
    const url = await serve(async (request, response) => {
      const call = requestOf({ port, host: '127.0.0.1', method: 'POST', headers: json, agent: false });
      call.write('{"secret":');
      call.end(`${await text(request)}}`);
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      response.writeHead(200, json).end(await text(answer));
    });
    expect(await send(url, '{"n":1}')).toBe('"inner"');
    expect(bodies()).toEqual([['/', '{"n":1}', '"inner"']]);
  });

  it('are seen as they travel, where another packs them on their way', async () => {
    const url = await serve((request, response) => {
      const { write, end } = response;
      const gzip = createGzip();
      gzip.on('data', (chunk) => Reflect.apply(write, response, [chunk]));
      gzip.on('end', () => Reflect.apply(end, response, []));
      response.write = ((chunk: string) => gzip.write(chunk)) as typeof write;
      response.end = ((chunk: string) => gzip.end(chunk)) as unknown as typeof end;
      request.resume();
      response.writeHead(200, { ...json, 'content-encoding': 'gzip' });
      response.write('{"packed":');
      response.end('true}');
    });
    expect(await send(url, '{}')).toBe('{"packed":true}');
    expect(gunzipSync(seen[0]?.answered.seen()?.bytes ?? Buffer.of()).toString()).toBe('{"packed":true}');
  });

  it('are seen with http2, as requests and as streams', async () => {
    const compat = http2.createServer();
    compat.on('request', (request, response) => {
      look(request as unknown as IncomingMessage, response as unknown as ServerResponse);
      return echo(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    });
    const plain = http2.createServer();
    plain.on('stream', async (stream, headers) => {
      const { request, response } = streamExchange(stream as unknown as Http2Stream, headers as Http2Headers);
      look(request, response);
      const asked = await text(stream);
      stream.respond(json);
      stream.write('{"echo":');
      stream.end(`${asked}}`);
    });
    for (const server of [compat, plain]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      closing.push(() => server.close());
      const answers = [1, 2].map((n) => {
        const stream = session.request({ ':method': 'POST', ':path': `/${n}`, ...json });
        stream.end(`{"n":${n}}`);
        return text(stream);
      });
      expect(await Promise.all(answers)).toEqual(['{"echo":{"n":1}}', '{"echo":{"n":2}}']);
      session.close();
    }
    const both = [1, 2].map((n) => [`/${n}`, `{"n":${n}}`, `{"echo":{"n":${n}}}`]);
    expect(bodies().slice(0, 2)).toEqual(both);
    expect(bodies().slice(2)).toEqual(both);
  });
});

function answerAll(answers: readonly (() => void)[]): void {
  for (const answer of answers) answer();
}

/** A proxy as they are commonly made: methods are those of what is behind it. */
function bound(target: ServerResponse, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? value.bind(target) : value;
}
