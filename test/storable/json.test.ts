import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSanitizer } from '../../src/storable/sanitizer.ts';

const sanitizer = createSanitizer();
const plain = (value: unknown): unknown => JSON.parse(sanitizer.json(value));

describe('JSON', () => {
  it('is what JSON.stringify writes of clean plain values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme-ascii' }), (value) => {
        const own = createSanitizer({ redact: false });
        expect(JSON.parse(own.json(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('holds numbers that are not finite as text', () => {
    expect(sanitizer.json([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21])).toBe(
      '["NaN","Infinity","-Infinity",0,1e+21]',
    );
  });

  it('holds bigint, dates, maps, sets, symbols, functions, patterns, URLs and bytes in a plain form', () => {
    const value = {
      small: 12n,
      large: 2n ** 70n,
      date: new Date(0),
      never: new Date(Number.NaN),
      map: new Map<unknown, unknown>([['a', 1]]),
      keyed: new Map<unknown, unknown>([[1, 'one']]),
      set: new Set([1, 2]),
      symbol: Symbol('s'),
      fn: function named() {},
      pattern: /a+/g,
      url: new URL('https://example.com/a'),
      query: new URLSearchParams('a=1'),
      headers: new Headers({ accept: 'x', authorization: 'Bearer abcdef123' }),
      text: Buffer.from('héllo'),
      bytes: new Uint8Array([0xff, 0xfe]),
      many: new Uint8Array(5000),
      floats: new Float32Array([1, 2]),
      boxed: Object(7),
      missing: undefined,
    };
    expect(plain(value)).toEqual({
      small: 12,
      large: String(2n ** 70n),
      date: '1970-01-01T00:00:00.000Z',
      never: 'Invalid Date',
      map: { a: 1 },
      keyed: [[1, 'one']],
      set: [1, 2],
      symbol: 'Symbol(s)',
      fn: '[function named]',
      pattern: '/a+/g',
      url: 'https://example.com/a',
      query: { a: '1' },
      headers: { accept: 'x', authorization: '[redacted]' },
      text: 'héllo',
      bytes: '//4=',
      many: '[5000 bytes]',
      floats: [1, 2],
      boxed: 7,
    });
  });

  it('holds what an error has: name, message, stack, code, cause and inner errors', () => {
    const error = new AggregateError([new Error('inner')], 'outer', { cause: new TypeError('root') });
    const written = plain(Object.assign(error, { code: 'E1' })) as Record<string, unknown>;
    expect(written).toMatchObject({ name: 'AggregateError', message: 'outer', code: 'E1' });
    expect(written.stack).toContain('AggregateError: outer');
    expect(written.cause).toMatchObject({ name: 'TypeError', message: 'root' });
    expect(written.errors).toMatchObject([{ message: 'inner' }]);
  });

  it('uses toJSON, once', () => {
    let calls = 0;
    const value = { toJSON: () => ({ calls: ++calls }) };
    expect(plain({ value })).toEqual({ value: { calls: 1 } });
  });

  it('names cycles, what is too deep, and what cannot be read', () => {
    const own = createSanitizer({ maxDepth: 4 });
    const circle: Record<string, unknown> = { a: 1 };
    circle.self = circle;
    const shared = { b: 2 };
    const value = {
      circle,
      twice: [shared, shared],
      deep: [[[[1]]]],
      get broken() {
        throw new Error('no');
      },
      proxy: new Proxy(
        {},
        {
          ownKeys() {
            throw new Error('no');
          },
        },
      ),
    };
    expect(JSON.parse(own.json(value))).toEqual({
      circle: { a: 1, self: '[circular]' },
      twice: [{ b: 2 }, { b: 2 }],
      deep: [[['[too deep]']]],
      broken: '[unreadable]',
      proxy: '[unreadable]',
    });
    expect(own.alterations()).toEqual({ cycle: 1, depth: 1, unreadable: 2 });
  });

  it('reads each property once, so that a getter cannot show a clean value to the check and another to the text', () => {
    let reads = 0;
    const value = {
      get a() {
        reads += 1;
        return reads === 1 ? 'clean' : 'password=hunter2';
      },
    };
    expect(sanitizer.json(value)).toBe('{"a":"clean"}');
    expect(reads).toBe(1);
  });

  it('keeps a sanitizer usable inside a getter that it reads', () => {
    const value = {
      a: 1,
      get inner() {
        return sanitizer.json({ b: [2] });
      },
      c: 3,
    };
    expect(plain(value)).toEqual({ a: 1, inner: '{"b":[2]}', c: 3 });
  });

  it('sanitises keys as it does texts', () => {
    expect(plain({ 'a\0b\ud800': 1, 'https://u:p@h/': 2 })).toEqual({
      'a\uFFFDb\uFFFD': 1,
      'https://[redacted]@h/': 2,
    });
  });

  it('redacts card numbers that are numbers, and the values of named headers', () => {
    expect(
      plain({ n: 4111111111111111, m: 1732240000000000, list: [{ name: 'Cookie', value: 'x' }, ['x-api-key', 'y']] }),
    ).toEqual({
      n: '[redacted]',
      m: 1732240000000000,
      list: [{ name: 'Cookie', value: '[redacted]' }, ['x-api-key', '[redacted]']],
    });
  });
});

/** Every text in a plain value, keys included. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...textsIn(member)]);
}

describe('JSON of anything', () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  });
  const fail = (): never => {
    throw new Error('no');
  };
  const traps = ['get', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'has'];
  // Behind a function, since fast-check itself trips over revoked proxies.
  const awkward: fc.Arbitrary<() => unknown> = fc.oneof(
    anything.map((value) => () => value),
    fc.string({ unit: 'binary' }).map((value) => () => value),
    anything.map((value) => () => new Proxy({ value }, {})),
    fc.constantFrom(...traps).map((trap) => () => [new Proxy({ a: 1 }, { [trap]: fail })]),
    fc.constantFrom({}, [], fail).map((target) => () => {
      const { proxy, revoke } = Proxy.revocable(target, {});
      revoke();
      return { proxy };
    }),
    anything.map((value) => () => ({
      toJSON() {
        throw value;
      },
    })),
    anything.map((value) => () => Object.defineProperty({}, 'x', { get: () => fail() ?? value, enumerable: true })),
    anything.map(
      (value) => () => Object.assign(new Error('e'), { cause: value, name: value, message: value, stack: value }),
    ),
  );

  it('parses, is storable in jsonb, and is made without throwing', () => {
    fc.assert(
      fc.property(awkward, (make) => {
        const json = sanitizer.json(make());
        expect(textsIn(JSON.parse(json)).filter((text) => text.includes('\0') || !text.isWellFormed())).toEqual([]);
        expect(json.isWellFormed()).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('stays the same when it is read and written again', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), (value) => {
        const json = sanitizer.json(value);
        const other = createSanitizer();
        expect(JSON.parse(other.jsonText(json))).toEqual(JSON.parse(json));
        expect(other.alterations()).not.toHaveProperty('redacted');
      }),
      { numRuns: 500 },
    );
  });
});

describe('JSON that would be too large', () => {
  const files = Array.from({ length: 100_000 }, (_, index) => ({ path: `/data/photos/${index}-${'x'.repeat(180)}` }));

  it('keeps the first and last five of long lists, and how many are left out', () => {
    const own = createSanitizer();
    const written = JSON.parse(own.json({ files, note: 'kept' })) as { files: unknown[]; note: string };
    expect(written.note).toBe('kept');
    expect(written.files).toHaveLength(11);
    expect(written.files[0]).toEqual(files[0]);
    expect(written.files[5]).toBe('… 99990 more');
    expect(written.files[10]).toEqual(files.at(-1));
    expect(own.alterations()).toEqual({ reduced: 1 });
  });

  it('keeps the first and last five members of large objects', () => {
    const large = Object.fromEntries(files.map((file, index) => [`k${index}`, file]));
    const written = plain({ large }) as { large: Record<string, unknown> };
    expect(Object.keys(written.large)).toEqual([
      'k0',
      'k1',
      'k2',
      'k3',
      'k4',
      '…',
      'k99995',
      'k99996',
      'k99997',
      'k99998',
      'k99999',
    ]);
    expect(written.large['…']).toBe('… 99990 more');
  });

  it('keeps the beginning of long texts', () => {
    const written = plain({ body: 'y'.repeat(5_000_000) }) as { body: string };
    expect(written.body).toMatch(/^y{1000,}…$/);
  });

  it('keeps key names and their number at last', () => {
    let nested: unknown = 'z'.repeat(4_000);
    for (let depth = 0; depth < 5; depth += 1) nested = Array.from({ length: 10 }, () => nested);
    expect(plain({ nested, other: 1 })).toEqual({ truncated: true, keys: 'nested, other', size: 2 });
  });

  it('never exceeds its bytes and is made in bounded time, also of a list without end', () => {
    const endless = new Proxy([], { get: (target, key) => (key === 'length' ? 2 ** 32 : Reflect.get(target, key)) });
    const wide: unknown[] = [];
    let level: unknown = 'x';
    for (let depth = 0; depth < 30; depth += 1) level = [level, level, level];
    wide.push(level, endless, 'é'.repeat(880_000));
    for (const value of [...wide, new Array(2 ** 31), 'ü"\n'.repeat(600_000)]) {
      expect(Buffer.byteLength(sanitizer.json(value))).toBeLessThanOrEqual(900_000);
    }
  });
});

describe('JSON text from elsewhere', () => {
  it('is redacted and made storable', () => {
    const own = createSanitizer();
    expect(own.jsonText('{"password": "hunter2", "n": 1.50, "s": "\\u0000\\ud800"}')).toBe(
      '{"password":"[redacted]","n":1.5,"s":"\uFFFD\uFFFD"}',
    );
  });

  it('becomes a JSON string where it is no JSON', () => {
    const own = createSanitizer();
    expect(own.jsonText('{"cut": "of')).toBe(JSON.stringify('{"cut": "of'));
    expect(own.alterations()).toEqual({ 'not-json': 1 });
  });

  it('that this sanitizer has just written is returned as it is', () => {
    const own = createSanitizer();
    const json = own.json({ list: [1, 'two'] });
    expect(own.jsonText(`${json}`)).toBe(json);
  });
});
