import { SpanStatusCode } from '@opentelemetry/api';
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { RedactingLogRecordExporter, RedactingSpanExporter } from '../../src/recording/index.ts';

const secret = 'Zq7vXw93kLmP';
const resource = resourceFromAttributes({
  'service.name': 'x',
  'process.command_line': `node app.js --token=${secret}`,
});

describe('a span on its way to the wire', () => {
  const inner = new InMemorySpanExporter();
  const plain = new InMemorySpanExporter();
  const provider = (from: typeof resource) =>
    new TracerProvider({
      resource: from,
      spanProcessors: [
        new SimpleSpanProcessor({ exporter: new RedactingSpanExporter(inner) }),
        new SimpleSpanProcessor({ exporter: plain }),
      ],
    });

  it('has lost its secrets wherever they were, while the span itself has not changed', async () => {
    const other = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
    const span = provider(resource)
      .getTracer('t')
      .startSpan(`GET /?token=${secret}`, {
        attributes: {
          password: secret,
          'http.request.header.authorization': [secret],
          list: ['a', `Bearer ${secret}`],
          kept: 'as it is',
          n: 1,
        },
        links: [{ context: other, attributes: { apiKey: secret } }],
      });
    span.addEvent(`e password=${secret}`, { 'db.query': `set password='${secret}'` });
    span.recordException(new Error(`login with token=${secret} failed`));
    span.setStatus({ code: SpanStatusCode.ERROR, message: `https://u:${secret}@h/ failed` });
    span.end();
    const [sent] = inner.getFinishedSpans();
    const [own] = plain.getFinishedSpans();
    if (sent === undefined || own === undefined) throw new Error('no span was exported');
    const wire = Buffer.from(ProtobufTraceSerializer.serializeRequest([sent]) ?? []).toString('latin1');
    expect(wire).not.toContain(secret);
    expect(wire).toContain('as it is');
    expect(sent.spanContext()).toEqual(own.spanContext());
    expect(sent.duration).toEqual(own.duration);
    expect(sent.resource.attributes['service.name']).toBe('x');
    expect(own.attributes.password).toBe(secret);
    expect(own.status.message).toContain(secret);
    expect(own.events[1]?.attributes?.['exception.stacktrace']).toContain(secret);
  });

  it('is the very span where there is nothing to redact', () => {
    inner.reset();
    plain.reset();
    provider(resourceFromAttributes({ 'service.name': 'x' }))
      .getTracer('t')
      .startSpan('clean', { attributes: { a: 'b', c: ['d'] } })
      .end();
    expect(inner.getFinishedSpans()[0]).toBe(plain.getFinishedSpans()[0]);
  });

  it('keeps one resource for all spans that share one, since exporters group by it', () => {
    inner.reset();
    const tracer = provider(resource).getTracer('t');
    tracer.startSpan('a').end();
    tracer.startSpan('b').end();
    const [a, b] = inner.getFinishedSpans();
    expect(a?.resource).toBe(b?.resource);
  });
});

describe('a log record on its way to the wire', () => {
  it('has lost its secrets, while the record itself has not changed', () => {
    const inner = new InMemoryLogRecordExporter();
    const plain = new InMemoryLogRecordExporter();
    const provider = new LoggerProvider({
      resource,
      processors: [
        new SimpleLogRecordProcessor({ exporter: new RedactingLogRecordExporter(inner) }),
        new SimpleLogRecordProcessor({ exporter: plain }),
      ],
    });
    provider.getLogger('l').emit({
      body: { message: `password=${secret}`, deep: [{ token: secret }] },
      attributes: { cookie: secret, kept: 'as it is' },
      severityNumber: 9,
    });
    const [sent] = inner.getFinishedLogRecords();
    const [own] = plain.getFinishedLogRecords();
    if (sent === undefined || own === undefined) throw new Error('no log record was exported');
    const wire = Buffer.from(ProtobufLogsSerializer.serializeRequest([sent]) ?? []).toString('latin1');
    expect(wire).not.toContain(secret);
    expect(wire).toContain('as it is');
    expect(JSON.stringify(own.body)).toContain(secret);
    expect(sent.severityNumber).toBe(9);
  });
});
