import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerReader } from '../../../src/cli/reading/ledger-reader.ts';
import type { RequestFilter } from '../../../src/cli/reading/request-filter.ts';
import type { LedgerRecord, RequestRecord } from '../../../src/projection/record.ts';
import { startAt } from '../written-ledger.ts';

const trace = (n: number) => `${n}bf7651916cd43dd8448eb211c80319c`;
const minute = 60_000;

function request(n: number, path: string, fields: Partial<RequestRecord> = {}): RequestRecord {
  const at = (startAt + n * minute) * 1000;
  const base = { type: 'request', at, traceId: trace(n), spanId: '00f067aa0ba902b7', direction: 'inbound' } as const;
  return { ...base, method: 'GET', endpoint: path, responseStatus: 200, durationMillis: n * 10, ...fields };
}

/** Requests of one service: well, rejected, failed in three ways, and one that it made itself. */
export function requestRecords(): LedgerRecord[] {
  const body = { requestHeader: '{"accept":"*/*"}', requestBody: '{"name":"Ann"}', responseBody: '["a"]' };
  return [
    request(1, '/users/7', { route: '/users/:id', userId: 'ann', ...body }),
    request(2, '/users/8', { route: '/users/:id', responseStatus: 404 }),
    request(3, '/users/9', { route: '/users/:id', responseStatus: 500, correlationId: 'c-3' }),
    request(4, '/users', { method: 'POST', route: '/users', responseStatus: 201, sessionId: 's-4', requestId: 'r-4' }),
    request(5, '/files/12/parts/3f2504e0-4f89-11d3-9a0c-0305e82c3301'),
    request(6, '/files/13/parts/3f2504e0-4f89-11d3-9a0c-0305e82c3302', { reason: 'The client went away.' }),
    { ...request(7, 'rates.example/today', { direction: 'outbound' }), responseStatus: undefined as never },
    ...logRecords(),
  ].map((record) => JSON.parse(JSON.stringify(record)) as LedgerRecord);
}

/** What a service says while it serves the third of them, and what belongs to none. */
function logRecords(): LedgerRecord[] {
  const log = (n: number, millis: number, level: 'info' | 'error', message: string, fields = {}): LedgerRecord => {
    const at = (startAt + n * minute + millis) * 1000;
    return { type: 'event', at, level, category: 'log', event: 'log', message, traceId: trace(n), ...fields };
  };
  return [
    log(3, 0, 'info', 'begins'),
    log(3, 20, 'error', 'second', { event: 'audit' }),
    log(3, 10, 'error', 'the query failed', { errorMessage: 'deadlock detected' }),
    log(3, 1029, 'info', 'GET /users/9 500'),
    log(3, 1031, 'error', 'too late'),
    log(4, -1, 'error', 'too early'),
    log(4, 1, 'error', 'no message of an error'),
  ];
}

/** What every reader of a ledger answers of these. `open` writes them and opens the reader. */
export function describeRequests(name: string, open: () => Promise<LedgerReader>): void {
  describe(`${name}, asked for requests,`, () => {
    let reader: LedgerReader;
    beforeAll(async () => {
      reader = await open();
    });
    afterAll(() => reader?.close());

    /** The minutes in which they came. */
    const found = async (filter: RequestFilter, last = 20) => {
      const rows = await reader.requests(filter, { last, withBodies: false });
      return rows.map((row) => (row.created_at.getTime() - startAt) / minute);
    };

    it('answers with the newest, oldest first', async () => {
      expect(await found({})).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(await found({}, 2)).toEqual([6, 7]);
    });

    it.each<[string, RequestFilter, readonly number[]]>([
      ['failure', { onlyFailed: true }, [3, 6, 7]],
      ['status', { status: [404, 404] }, [2]],
      ['class of status', { status: [200, 299] }, [1, 4, 5, 6]],
      ['method', { method: 'POST' }, [4]],
      ['route', { route: '/users/:id' }, [1, 2, 3]],
      ['path', { path: '/users/8' }, [2]],
      ['user', { userId: 'ann' }, [1]],
      ['session', { sessionId: 's-4' }, [4]],
      ['correlation id', { correlationId: 'c-3' }, [3]],
      ['trace', { traceId: trace(5) }, [5]],
      ['direction', { direction: 'outbound' }, [7]],
      ['duration', { minMillis: 55 }, [6, 7]],
      ['start', { since: new Date(startAt + 6 * minute) }, [6, 7]],
      ['end of the time', { until: new Date(startAt + 3 * minute) }, [1, 2]],
      ['request id', { requestId: 'r-4' }, [4]],
      ['part of the reason', { reason: 'CLIENT went' }, [6]],
      ['a reason that none has', { reason: '%' }, []],
      ['service', { service: 'importer', route: '/users' }, [4]],
      ['another service', { service: 'none' }, []],
      ['several of them', { route: '/users/:id', onlyFailed: true, status: [500, 599] }, [3]],
    ])('filters by %s', async (_, filter, minutes) => {
      expect(await found(filter)).toEqual(minutes);
    });

    it('answers with the slowest, the slowest first', async () => {
      const rows = await reader.requests({ direction: 'inbound' }, { last: 2, withBodies: false, slowest: true });
      expect(rows.map((row) => row.duration_ms)).toEqual([60, 50]);
    });

    it('tells what was recorded while each was served', async () => {
      const rows = await reader.requests({}, { last: 20, withBodies: false });
      const none = { logs: 0, errors: 0, first_error: null };
      expect(await reader.requestLogs(rows)).toEqual([
        none,
        none,
        { logs: 3, errors: 2, first_error: 'deadlock detected' },
        { logs: 1, errors: 1, first_error: 'no message of an error' },
        ...[none, none, none],
      ]);
      expect(await reader.requestLogs([])).toEqual([]);
    });

    it('tells all of a request, headers and bodies where they are asked for', async () => {
      const filter = { userId: 'ann' };
      const [plain] = await reader.requests(filter, { last: 1, withBodies: false });
      expect(plain).toMatchObject({ direction: 'inbound', method: 'GET', endpoint: '/users/7', route: '/users/:id' });
      expect(plain).toMatchObject({ response_status: 200, duration_ms: 10, trace_id: trace(1), reason: null });
      expect(plain).not.toHaveProperty('request_body');
      const [whole] = await reader.requests(filter, { last: 1, withBodies: true });
      expect(whole).toMatchObject({ request_header: { accept: '*/*' }, request_body: { name: 'Ann' } });
      expect(whole?.response_body).toEqual(['a']);
    });

    it('counts by route, the one that took the most time first, ids in paths aside where no route is known', async () => {
      const routes = await reader.routes({ direction: 'inbound' }, 10);
      expect(
        routes.map(({ method, route, count, failed, rejected }) => [method, route, count, failed, rejected]),
      ).toEqual([
        ['GET', '/files/:id/parts/:id', 2, 1, 0],
        ['GET', '/users/:id', 3, 1, 1],
        ['POST', '/users', 1, 0, 0],
      ]);
      expect(routes[1]).toMatchObject({ median_ms: 20, p95_ms: 29, max_ms: 30, total_ms: 60 });
      expect(routes[1]?.p99_ms).toBeCloseTo(29.8);
      expect(routes[1]?.failed_ratio).toBeCloseTo(1 / 3);
      expect(routes[1]?.last_at).toEqual(new Date(startAt + 3 * minute));
      expect(await reader.routes({}, 1)).toMatchObject([{ route: '/files/:id/parts/:id' }]);
    });

    it('counts how many came in a second, over the time that was asked for, else from the first to the last', async () => {
      const [route] = await reader.routes({ route: '/users/:id' }, 1);
      expect(route?.per_second).toBeCloseTo(3 / 120);
      const hour = { since: new Date(startAt), until: new Date(startAt + 60 * minute) };
      const [asked] = await reader.routes({ ...hour, route: '/users/:id' }, 1);
      expect(asked?.per_second).toBeCloseTo(3 / 3600);
      const [single] = await reader.routes({ path: '/users' }, 1);
      expect(single?.per_second).toBeNull();
    });

    /** Minute in which each time begins, and its number of requests. */
    const counts = async (filter: RequestFilter, everySeconds: number, last = 20) => {
      const times = await reader.requestTimes(filter, { everySeconds, last });
      return times.map((time) => [(time.from_at.getTime() - startAt) / minute, time.count]);
    };

    it('counts by time, times without requests too', async () => {
      expect(await counts({}, 120)).toEqual([
        [0, 1],
        [2, 2],
        [4, 2],
        [6, 2],
      ]);
      expect(await counts({ onlyFailed: true }, 60)).toEqual([
        [3, 1],
        [4, 0],
        [5, 0],
        [6, 1],
        [7, 1],
      ]);
      expect(await counts({}, 60, 2)).toEqual([
        [6, 1],
        [7, 1],
      ]);
      expect(await counts({ service: 'none' }, 60)).toEqual([]);
    });

    it('counts from the begin to the end of the time that is asked for', async () => {
      const span = { since: new Date(startAt - minute), until: new Date(startAt + 2.5 * minute) };
      expect(await counts(span, 60)).toEqual([
        [-1, 0],
        [0, 0],
        [1, 1],
        [2, 1],
      ]);
      const times = await reader.requestTimes(span, { everySeconds: 60, last: 20 });
      expect(times.map((time) => time.per_second?.toFixed(4))).toEqual(['0.0000', '0.0000', '0.0167', '0.0333']);
      expect(times[0]).toMatchObject({ failed: 0, failed_ratio: null, median_ms: null, total_ms: 0 });
      expect(times[3]).toMatchObject({ failed: 0, failed_ratio: 0, rejected: 1, median_ms: 20, p99_ms: 20 });
    });
  });
}
