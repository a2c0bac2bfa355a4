import { context, type DiagLogger, diag, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { redactedSpan } from '../../src/recording/redacting-span-exporter.ts';
import { OtlpSpans } from '../../src/register/otlp-spans.ts';
import { createSanitizer } from '../../src/storable/sanitizer.ts';
import { secretTexts } from '../corpus/secrets.ts';

const sanitizer = createSanitizer();

/** What OpenTelemetry's own encoder makes of the redacted spans. */
function expected(spans: readonly ReadableSpan[]): string {
  return hex(ProtobufTraceSerializer.serializeRequest(spans.map((span) => redactedSpan(span, sanitizer))));
}

function encoded(spans: readonly ReadableSpan[], into: OtlpSpans = new OtlpSpans(sanitizer)): string {
  for (const span of spans) into.add(span);
  return hex(into.take());
}

function hex(body: Uint8Array | undefined): string {
  return Buffer.from(body ?? []).toString('hex');
}

/** A service whose spans are kept. */
function service(attributes: Readonly<Record<string, string | string[]>> = { 'service.name': 'x' }) {
  const exporter = new InMemorySpanExporter();
  const resource = resourceFromAttributes(attributes);
  const provider = new TracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  return { provider, tracer: provider.getTracer('scope', '1.0'), spans: () => exporter.getFinishedSpans() };
}

/** The values are put on the span itself, past the checks of this line of the SDK: the other line lets them pass. */
function spanWith(attributes: Readonly<Record<string, unknown>>, kind: SpanKind = SpanKind.INTERNAL): ReadableSpan {
  const { tracer, spans } = service();
  const span = tracer.startSpan('values', { kind });
  Object.assign((span as unknown as ReadableSpan).attributes, attributes);
  span.end();
  return only(spans());
}

function only(spans: readonly ReadableSpan[]): ReadableSpan {
  const [span] = spans;
  if (span === undefined) throw new Error('There is no span.');
  return span;
}

afterEach(() => diag.disable());

describe('spans on their way to a collector are the bytes that OpenTelemetry makes of them', () => {
  it.each<[string, Record<string, unknown>]>([
    ['texts', { empty: '', short: 'abc', wide: 'ü € 😀', long: 'x'.repeat(200), longer: 'ü'.repeat(20_000) }],
    ['lone surrogates and control characters', { lone: 'a\ud800b', nul: 'a\0b', 'key\ud800': 'x' }],
    ['whole numbers', { zero: 0, minusZero: -0, one: 1, byte: 255, large: 2 ** 32, exact: 2 ** 53, most: 2 ** 62 }],
    ['negative numbers', { minusOne: -1, less: -(2 ** 40), least: -(2 ** 63) }],
    ['other numbers', { half: 0.5, huge: 1e300, beyond: 2 ** 63, nan: Number.NaN, infinite: Number.POSITIVE_INFINITY }],
    ['truth', { yes: true, no: false }],
    ['lists', { empty: [], texts: ['a', 'b'], numbers: [1, 2.5], holes: ['a', null, undefined], nested: [['a'], []] }],
    ['objects', { nothing: {}, nested: { a: { b: ['c', { d: 1 }] } }, bytes: new Uint8Array([0, 1, 255]) }],
    ['nothing', { none: null, missing: undefined }],
  ])('with %s', (_, attributes) => {
    const span = spanWith(attributes);
    expect(encoded([span])).toBe(expected([span]));
  });

  it('with parents, links, events, states, kinds and limits', () => {
    const { tracer, spans } = service();
    const remote = { traceId: 'aB'.repeat(16), spanId: '0f'.repeat(8), traceFlags: TraceFlags.SAMPLED, isRemote: true };
    const traceState = new TraceState('vendor=1,other=2');
    const parent = trace.setSpanContext(context.active(), { ...remote, traceState });
    const linked = { context: { ...remote, traceState }, attributes: { why: 'ü' } };
    const options = { kind: SpanKind.SERVER, links: [linked, { context: { ...remote, isRemote: false } }] };
    const span = tracer.startSpan('GET /ü', { ...options, startTime: [1_800_000_000, 123_456_789] }, parent);
    for (let count = 0; count < 140; count += 1) span.setAttribute(`key ${count}`, 'x'.repeat(count * 4));
    span
      .addEvent('happened', { list: ['a'], count: 1 })
      .addEvent('again')
      .recordException(new Error('wrong'));
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'wrong' }).end();
    tracer.startSpan('child', { kind: SpanKind.CLIENT }, trace.setSpan(context.active(), span)).end();
    tracer.startSpan('well').setStatus({ code: SpanStatusCode.OK }).end();
    const limited = spans()[0];
    expect(limited?.droppedAttributesCount).toBe(12);
    expect(encoded(spans())).toBe(expected(spans()));
  });

  it.each([0, 1, 65_535, 65_536, 4_294_967_295, 4_294_967_296, 18_446_744_072])(
    'with times of %i seconds',
    (second) => {
      const { tracer, spans } = service();
      tracer.startSpan('timed', { startTime: [second, 0] }).end([second, 999_999_999]);
      expect(encoded(spans())).toBe(expected(spans()));
    },
  );

  it('from several scopes and resources, in turns', () => {
    const services = [
      service(),
      service({ 'service.name': 'y', 'process.command_args': ['node', '--token', 'hidden'] }),
    ];
    const spans = Array.from({ length: 12 }, (_, index) => {
      const { provider, spans: made } = services[index % 2] ?? service();
      provider
        .getTracer(`scope ${index % 3}`, index % 2 === 0 ? '1' : undefined)
        .startSpan(`span ${index}`)
        .end();
      return only(made().slice(-1));
    });
    expect(encoded(spans)).toBe(expected(spans));
    expect(encoded(spans)).not.toContain(Buffer.from('hidden').toString('hex'));
  });

  it('whatever came before: of what is remembered, nothing is stale', () => {
    const into = new OtlpSpans(sanitizer);
    for (let round = 0; round < 4; round += 1) {
      const spans = Array.from({ length: 40 }, (_, index) =>
        spanWith({
          'http.route': '/users/:id',
          id: `${round}-${index}`,
          status: 200 + index,
          text: '1',
          kept: index % 2 === 0,
        }),
      );
      expect(encoded(spans, into)).toBe(expected(spans));
    }
    const alike = [spanWith({ one: '1', two: 1, three: true }), spanWith({ one: 1, two: true, three: '1' })];
    expect(encoded(alike, into)).toBe(expected(alike));
  });

  it('in any order of kinds, keys and values, of which some are the same to a map and others only to a reader', () => {
    const list = ['a'];
    const values = ['1', 1, 1.5, 0, -0, Number.NaN, true, 'true', 'ü', 'x'.repeat(129), list, secretTexts[0]?.text];
    const key = fc.constantFrom(
      'http.route',
      'id',
      'password',
      'ü',
      ...Array.from({ length: 40 }, (_, n) => `key ${n}`),
    );
    const attributes = fc.uniqueArray(fc.tuple(key, fc.constantFrom(...values)), {
      selector: ([name]) => name,
      maxLength: 40,
    });
    const kind = fc.constantFrom(SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.CONSUMER);
    const made = fc.array(fc.record({ kind, attributes }), { minLength: 2, maxLength: 12 });
    const into = new OtlpSpans(sanitizer);
    fc.assert(
      fc.property(made, (parts) => {
        list[0] = `${parts.length}`;
        const spans = parts.map((part) => spanWith(Object.fromEntries(part.attributes), part.kind));
        expect(encoded(spans, into)).toBe(expected(spans));
      }),
    );
  });

  it('with more different attributes than are remembered', () => {
    const into = new OtlpSpans(sanitizer);
    const spans = Array.from({ length: 60 }, (_, index) =>
      spanWith(Object.fromEntries(Array.from({ length: 100 }, (_, key) => [`key ${index} ${key}`, `value ${key}`]))),
    );
    for (const half of [spans.slice(0, 30), spans.slice(30), spans]) expect(encoded(half, into)).toBe(expected(half));
  });
});

describe('spans on their way to a collector', () => {
  it('hold no secret of the corpus, wherever it stood', () => {
    const { tracer, spans } = service();
    for (const { text } of secretTexts) {
      const span = tracer.startSpan(text, { attributes: { text, list: [text] } });
      span.addEvent(text, { text }).setStatus({ code: SpanStatusCode.ERROR, message: text }).end();
    }
    const into = new OtlpSpans(sanitizer);
    const bodies = [encoded(spans(), into), encoded(spans(), into)];
    for (const body of bodies) {
      expect(body).toBe(expected(spans()));
      const wire = Buffer.from(body, 'hex').toString('latin1');
      expect(secretTexts.flatMap(({ cores }) => cores).filter((core) => wire.includes(core))).toEqual([]);
    }
  });

  it('go without the one that cannot be encoded, and that is told', () => {
    const warnings: string[] = [];
    const quiet = () => undefined;
    const logger: DiagLogger = {
      error: quiet,
      warn: (text) => warnings.push(text),
      info: quiet,
      debug: quiet,
      verbose: quiet,
    };
    diag.setLogger(logger, { suppressOverrideMessage: true });
    const good = [spanWith({ a: 1 }), spanWith({ b: 2 })];
    const broken = Object.defineProperty(spanWith({}), 'attributes', {
      value: Object.defineProperty({}, 'thrown', {
        enumerable: true,
        get: () => {
          throw new Error('no value');
        },
      }),
    });
    const into = new OtlpSpans(sanitizer);
    for (const span of [...good.slice(0, 1), broken, ...good.slice(1)]) into.add(span);
    expect(into.size).toBe(2);
    expect(hex(into.take())).toBe(expected(good));
    expect(warnings).toEqual(['A span could not be encoded for OTLP and is dropped.']);
    expect(into.size).toBe(0);
  });

  it('lie in memory of their own', () => {
    const into = new OtlpSpans(sanitizer);
    const span = spanWith({ a: 1 });
    into.add(span);
    const first = into.take();
    const before = hex(first);
    encoded([spanWith({ b: 'other' })], into);
    expect(hex(first)).toBe(before);
    expect(first?.byteLength).toBe(first?.buffer.byteLength);
  });
});
