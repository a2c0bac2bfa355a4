import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/projection/record.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';
import { type Service, startService } from './service.ts';
import { get, last, post, talk } from './talk.ts';

let workshop: Workshop;
let plain: Service;
let recorded: Service;
beforeAll(async () => {
  workshop = createWorkshop();
  const everything = { SPANLEDGER_REQUEST_BODIES: 'on', SPANLEDGER_CORRELATION_HEADER: 'none' };
  [plain, recorded] = await Promise.all([
    startService(workshop, 'routers/services.mjs', {}, []),
    startService(workshop, 'routers/services.mjs', everything),
  ]);
});
afterAll(() => workshop.remove());

type Expected = readonly (readonly [request: string, status: number, route: string | undefined])[];

const polka: Expected = [
  ['GET /users/7', 200, '/users/:id'],
  ['POST /users', 200, '/users'],
  ['GET /sub/users/7', 200, '/sub/users/:id'],
  ['GET /guarded/closed', 200, '/guarded'],
  ['GET /guarded/open', 200, '/guarded/open'],
  ['GET /sub/nowhere', 404, '/sub'],
  ['GET /nowhere', 404, undefined],
];
const h3: Expected = [
  ['GET /users/7', 200, '/users/:id'],
  ['POST /users', 200, '/users'],
  ['GET /broken', 500, '/broken'],
  ['GET /based/b/7', 200, '/based/b/:c'],
  ['GET /guard/stop', 200, '/guard'],
  ['GET /guard/else', 404, undefined],
  ['GET /api/things/7', 200, '/api/things/:id'],
  ['GET /apps/x/y/7', 200, '/apps/x/y/:z'],
  ['GET /nowhere', 404, undefined],
];

const services: Readonly<Record<string, Expected>> = {
  polka,
  polka1: [...polka, ['GET /anything', 200, '/^\\/any/']],
  polka1Required: polka,
  connect: [
    ['GET /', 200, undefined],
    ['GET /api/users/7', 200, '/api'],
    ['GET /api/next', 200, '/api'],
    ['GET /sub/deep/7', 200, '/sub/deep'],
    ['GET /sub/else', 404, undefined],
    ['GET /broken', 500, '/broken'],
    ['GET /nowhere', 404, undefined],
  ],
  koa: [
    ['GET /api/users/7', 200, '/api/users/:id'],
    ['GET /api', 200, '/api'],
    ['GET /api/on/7', 200, '/api/on/:id'],
    ['GET /app/deep/users/7', 200, '/app/deep/users/:id'],
    ['GET /health/7', 200, '/health'],
    ['GET /plain/7', 200, '/plain/:x'],
    ['GET /apiary', 404, undefined],
    ['GET /api/nowhere', 404, undefined],
  ],
  h3,
  h3Required: h3,
  h3v2: [
    ['GET /users/7', 200, '/users/:id'],
    ['HEAD /users/7', 200, '/users/:id'],
    ['GET /users/closed', 200, '/users/:id'],
    ['POST /users', 200, '/users'],
    ['GET /broken', 500, '/broken'],
    ['GET /sub/x/7', 200, '/sub/x/:y'],
    ['GET /fetched/q/7', 200, '/fetched/q/:r'],
    ['GET /nowhere', 404, undefined],
  ],
  findMyWay: [
    ['GET /users/7', 200, '/users/:id'],
    ['GET /maybe', 200, '/maybe/:id?'],
    ['GET /maybe/7', 200, '/maybe/:id?'],
    ['GET /nowhere', 404, undefined],
  ],
  trpc: [
    ['GET /hello', 200, '/hello'],
    ['GET /users.byId?input=3', 200, '/users.byId'],
    ['GET /users%2EbyId?input=3', 200, '/users.byId'],
    ['POST /users.add', 200, '/users.add'],
    ['GET /broken', 500, '/broken'],
    ['GET /hello,hello?batch=1', 200, '/hello'],
    ['GET /hello,users.byId?batch=1', 200, undefined],
    ['GET /nothing', 404, undefined],
  ],
  trpcExpress: [
    ['GET /trpc/users.byId?input=3', 200, '/trpc/users.byId'],
    ['GET /trpc/hello,users.byId?batch=1', 200, '/trpc'],
    ['GET /pages/7', 200, '/pages/:id'],
  ],
  trpcFastify: [
    ['GET /trpc/users.byId?input=3', 200, '/trpc/users.byId'],
    ['GET /trpc/nothing', 404, '/trpc/:path'],
  ],
};

/** A header of its own tells each from all others. */
function textOf(request: string): string {
  const [method = '', path = ''] = request.split(' ');
  if (method === 'POST') return `${post(path, '{"a":1}', last)}{"a":1}`;
  return get(path, last).replace(/^GET/, method);
}

describe.each(Object.entries(services))('%s', (name, expected) => {
  it.each(expected)('answers %s with the same bytes with the flag', async (request, status) => {
    const send = [textOf(request)];
    const answers = await Promise.all([plain, recorded].map(({ ports }) => talk(ports[name], { send })));
    expect(answers[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answers[1]).toBe(answers[0]);
  });
});

it('has the route of each request, as its router has it, with the path that is around', async () => {
  const ended = await Promise.all([plain, recorded].map((one) => one.stop().then(() => one.ended)));
  expect(ended.map(({ code }) => code)).toEqual([0, 0]);
  expect(ended[1]?.stderr).toBe(ended[0]?.stderr);
  const records = (await workshop.records()).filter((record): record is RequestRecord => record.type === 'request');
  const told = records.map(
    ({ method, endpoint, responseStatus, route }) => `${method} ${endpoint} ${responseStatus} ${route}`,
  );
  const wanted = Object.values(services)
    .flat()
    .map(([request, status, route]) => `${request.replace(/\?.*/, '')} ${status} ${route}`);
  expect(told.sort()).toEqual(wanted.sort());
});
