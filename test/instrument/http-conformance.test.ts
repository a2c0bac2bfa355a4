import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/projection/record.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';
import { type Service, startService } from './service.ts';
import { get, last, post, type Talk, talk } from './talk.ts';

/** The same service, as it is and with the flag, with everything on that looks at bodies. */
const ways = {
  plain: { flags: [], env: {} },
  recorded: {
    flags: ['--import', 'spanledger/register'],
    env: { SPANLEDGER_REQUEST_BODIES: 'on', SPANLEDGER_CORRELATION_HEADER: 'none' },
  },
} as const;

let workshop: Workshop;
let plain: Service;
let recorded: Service;
beforeAll(async () => {
  workshop = createWorkshop();
  [plain, recorded] = (await Promise.all(
    [ways.plain, ways.recorded].map(({ flags, env }) => startService(workshop, 'conforming.cjs', env, flags)),
  )) as [Service, Service];
});
afterAll(() => workshop.remove());

const talks: Readonly<Record<string, Talk>> = {
  'an answer in JSON': { send: [get('/json', last)] },
  'an answer in gzip': { send: [get('/packed/gzip', last)] },
  'an answer in br': { send: [get('/packed/br', last)] },
  'an answer in deflate': { send: [get('/packed/deflate', last)] },
  HEAD: { send: [`HEAD /json HTTP/1.1\r\nHost: a\r\n${last}\r\n`] },
  'status 204': { send: [get('/empty/204', last)] },
  'status 304': { send: [get('/empty/304', last)] },
  'a head in a list, with a phrase of its own': { send: [get('/cookies', last)] },
  'texts in all encodings, with callbacks': { send: [get('/encodings', last)] },
  'mistakes of the service': { send: [get('/mistakes', last)] },
  'events sent by the server': { send: [get('/events', last)] },
  'hints before the answer': { send: [get('/early', last)] },
  'trailers both ways': {
    send: [
      `POST /trailers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n${last}\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n`,
    ],
  },
  'a body piped back': { send: [post('/echo', '{"a":"ö"}'), '{"a":"ö"}'] },
  'a body that nobody reads': { send: [post('/unread', '{"a":1}'), '{"a":1}'] },
  'a client that waits for 100': {
    send: [post('/echo', '{"a":1}', `Expect: 100-continue\r\n${last}`), '{"a":1}'],
    await: '100 Continue',
  },
  'requests in a pipeline': { send: [get('/json') + get('/encodings') + get('/wrapped') + get('/cookies', last)] },
  'a connection that is kept': { send: [get('/wrapped'), get('/unread', last)], await: 'two' },
  'an answer that is cut off': { send: [get('/destroyed')] },
  'an answer that takes too long, and says so': { send: [get('/told-late', last)] },
  'a large answer with back-pressure': { send: [get('/large', last)] },
  'members that the service wraps': { send: [get('/wrapped', last)] },
  'an upgrade': {
    send: [get('/up', 'Upgrade: echo\r\nConnection: Upgrade\r\n'), 'to and fro'],
    await: '101',
    finish: 'end',
  },
  CONNECT: { send: ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nhead'] },
  'no HTTP at all': { send: ['NONSENSE\r\n\r\n'] },
  'HTTP/1.0': { send: ['GET /json HTTP/1.0\r\n\r\n'] },
};

/** What the service has noted of its streams since it was last asked; it answers when all other connections are over. */
async function seenBy(service: Service): Promise<string> {
  return (await fetch(`http://127.0.0.1:${service.ports.http}/seen`)).text();
}

async function both<T>(ask: (service: Service) => Promise<T>): Promise<{ readonly plain: T; readonly recorded: T }> {
  const [one, other] = await Promise.all([ask(plain), ask(recorded)]);
  return { plain: one, recorded: other };
}

describe('a service whose requests are recorded with their bodies', () => {
  it.each(Object.entries(talks))('answers and sees as it does without: %s', async (_, exchange) => {
    const answers = await both((service) => talk(service.ports.http, exchange));
    expect(answers.plain.length).toBeGreaterThan(20);
    expect(answers.recorded).toBe(answers.plain);
    const seen = await both(seenBy);
    expect(seen.recorded).toBe(seen.plain);
  });

  it('sees an upload that is given up as it does without', async () => {
    const head = 'POST /aborted HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n';
    const exchange = {
      send: [`${head}Expect: 100-continue\r\n\r\n`, 'half'],
      await: '100 Continue',
      finish: 'destroy',
    } as const;
    await both((service) => talk(service.ports.http, exchange));
    const seen = await both(seenBy);
    expect(seen.plain).toContain('aborted');
    expect(seen.recorded).toBe(seen.plain);
  });

  it('sees a connection that timed out as it does without', async () => {
    expect(await both((service) => talk(service.ports.http, { send: [get('/late')] }))).toEqual({
      plain: '',
      recorded: '',
    });
    const seen = await both(seenBy);
    expect(seen.plain).toContain('"late","response","close"');
    expect(seen.recorded).toBe(seen.plain);
  });

  it('takes an upload of 100 MB without holding it', async () => {
    const chunk = Buffer.alloc(1_000_000, 'x');
    const head = `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100000000\r\n${last}\r\n`;
    const exchange = { send: [head, ...Array.from({ length: 100 }, () => chunk)] };
    const kilobytes = async () => Number(await (await fetch(`http://127.0.0.1:${recorded.ports.http}/memory`)).text());
    const before = await kilobytes();
    const answers = await both((service) => talk(service.ports.http, exchange));
    expect(answers.plain).toMatch(/100000000 [0-9a-f]{64}$/);
    expect(answers.recorded).toBe(answers.plain);
    expect((await kilobytes()) - before).toBeLessThan(60_000);
  });

  it('leaves a row for each of them, with what was sent', async () => {
    await recorded.stop();
    await plain.stop();
    const records = (await workshop.records()).filter((record): record is RequestRecord => record.type === 'request');
    const of = (endpoint: string) => records.filter((record) => record.endpoint === endpoint);
    for (const encoding of ['gzip', 'br', 'deflate']) {
      const [{ responseBody = '' } = {}] = of(`/packed/${encoding}`);
      expect(JSON.parse(responseBody).list[199]).toEqual({ index: 199, name: 'näme 199' });
    }
    expect(of('/encodings')[0]?.responseBody).toBe(JSON.stringify('caf\ufffdhellohex!buffer!\nwörter'));
    expect(of('/json').map(({ method, responseBody }) => [method, responseBody === undefined])).toContainEqual([
      'HEAD',
      true,
    ]);
    expect(of('/empty/304')[0]).toMatchObject({ responseStatus: 304 });
    expect(of('/empty/304')[0]).not.toHaveProperty('responseBody');
    expect(of('/events')[0]).not.toHaveProperty('responseBody');
    expect(of('/wrapped')[0]?.responseBody).toBe('"onetwo"');
    expect(of('/echo')[0]).toMatchObject({ requestBody: '{"a":"ö"}', responseBody: '{"a":"ö"}' });
    expect(of('/upload')[0]?.requestBody).toMatch(/^"x{16384}… \[cut, 100000000 bytes as sent\]"$/);
    expect(of('/destroyed')[0]).toMatchObject({ responseStatus: 200, reason: expect.stringContaining('closed') });
    expect(of('/told-late')[0]).toMatchObject({ responseStatus: 408, responseBody: '"too late"' });
    expect(of('/late').map(({ responseStatus, reason }) => [responseStatus, reason])).toEqual([
      [undefined, expect.stringContaining('timed out')],
    ]);
    const [aborted] = of('/aborted');
    expect(aborted?.reason).toContain('before the request was complete');
    expect(aborted).not.toHaveProperty('responseStatus');
  });
});
