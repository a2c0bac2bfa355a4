import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

/** A span as it came over the wire. Ids are hex, times nanoseconds. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** As OTLP counts: 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly ReceivedEvent[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly scope: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface ReceivedEvent {
  readonly name: string;
  readonly nanos: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A log record as it came over the wire. */
export interface ReceivedLog {
  readonly eventName: string;
  readonly nanos: bigint;
  readonly traceId: string;
  readonly spanId: string;
  readonly severityText: string;
  readonly body: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A real OTLP/HTTP endpoint. Decodes with definitions of its own, not with those of the sender. */
export interface OtlpReceiver {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  readonly logs: readonly ReceivedLog[];
  readonly metricNames: ReadonlySet<string>;
  /** Bodies as text, to search for what must not be there. */
  readonly bodies: readonly string[];
  readonly requests: readonly { readonly path: string; readonly contentType: string }[];
  /** Paths of requests whose sender closed the connection half-way. */
  readonly aborted: readonly string[];
  /** Rejects if there were requests that could not be read: they were answered with 400. */
  close(): Promise<void>;
}

const types = protobuf.loadSync(join(import.meta.dirname, 'fixtures', 'otlp.proto'));

/** What has come so far. */
interface Received {
  readonly spans: ReceivedSpan[];
  readonly logs: ReceivedLog[];
  readonly metricNames: Set<string>;
  readonly bodies: string[];
  readonly requests: { readonly path: string; readonly contentType: string }[];
  readonly aborted: string[];
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: Received = { spans: [], logs: [], metricNames: new Set(), bodies: [], requests: [], aborted: [] };
  const unreadable: unknown[] = [];
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((body) => {
        const answer = take(received, request, body);
        response.setHeader('content-type', request.headers['content-type'] ?? '').end(answer);
      })
      .catch((error: unknown) => {
        if (!request.complete) received.aborted.push(request.url ?? '');
        else {
          unreadable.push(error);
          response.writeHead(400).end();
        }
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The receiver has no port.');
  return {
    ...received,
    endpoint: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      if (unreadable.length > 0) throw new AggregateError(unreadable, 'Requests could not be read.');
    },
  };
}

/** Takes a request that is complete. @returns the body of its answer */
function take(received: Received, request: IncomingMessage, body: Buffer): string {
  const contentType = request.headers['content-type'] ?? '';
  const path = request.url ?? '';
  const json = contentType === 'application/json' ? (JSON.parse(body.toString()) as Message) : undefined;
  received.requests.push({ path, contentType });
  received.bodies.push(body.toString('latin1'));
  if (path.endsWith('/v1/traces')) received.spans.push(...spansOf(json ?? decode('TraceRequest', body)));
  else if (path.endsWith('/v1/logs')) received.logs.push(...logsOf(json ?? decode('LogsRequest', body)));
  else for (const name of metricNamesOf(json ?? decode('MetricsRequest', body))) received.metricNames.add(name);
  return json === undefined ? '' : '{}';
}

type Message = Readonly<Record<string, unknown>>;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const body = await buffer(request);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function decode(type: string, body: Buffer): Message {
  const decoder = types.lookupType(`otlp.${type}`);
  return decoder.toObject(decoder.decode(body), {
    longs: String,
    bytes: Array,
    defaults: true,
    arrays: true,
    oneofs: true,
  });
}

function spansOf(request: Message): readonly ReceivedSpan[] {
  return list(request, 'resourceSpans').flatMap((group) =>
    list(group, 'scopeSpans').flatMap((scope) =>
      list(scope, 'spans').map((span) => toSpan(span, message(scope, 'scope'), message(group, 'resource'))),
    ),
  );
}

function toSpan(span: Message, scope: Message, resource: Message): ReceivedSpan {
  const status = message(span, 'status');
  return {
    traceId: id(span, 'traceId'),
    spanId: id(span, 'spanId'),
    parentSpanId: id(span, 'parentSpanId'),
    name: String(span.name),
    kind: Number(span.kind ?? 0),
    startNanos: BigInt(String(span.startTimeUnixNano)),
    endNanos: BigInt(String(span.endTimeUnixNano)),
    attributes: attributes(span),
    events: list(span, 'events').map((event) => ({
      name: String(event.name),
      nanos: BigInt(String(event.timeUnixNano)),
      attributes: attributes(event),
    })),
    links: list(span, 'links').map((link) => ({ traceId: id(link, 'traceId'), spanId: id(link, 'spanId') })),
    statusCode: Number(status.code ?? 0),
    statusMessage: String(status.message ?? ''),
    scope: String(scope.name ?? ''),
    resource: attributes(resource),
  };
}

function logsOf(request: Message): readonly ReceivedLog[] {
  return list(request, 'resourceLogs').flatMap((group) =>
    list(group, 'scopeLogs').flatMap((scope) =>
      list(scope, 'logRecords').map((record) => ({
        eventName: String(record.eventName ?? ''),
        nanos: BigInt(String(record.timeUnixNano)),
        traceId: id(record, 'traceId'),
        spanId: id(record, 'spanId'),
        severityText: String(record.severityText ?? ''),
        body: value(message(record, 'body')),
        attributes: attributes(record),
        resource: attributes(message(group, 'resource')),
      })),
    ),
  );
}

function metricNamesOf(request: Message): readonly string[] {
  return list(request, 'resourceMetrics').flatMap((group) =>
    list(group, 'scopeMetrics').flatMap((scope) => list(scope, 'metrics').map((metric) => String(metric.name))),
  );
}

function attributes(holder: Message): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    list(holder, 'attributes').map((entry) => [String(entry.key), value(message(entry, 'value'))]),
  );
}

function value(any: Message): unknown {
  if (any.arrayValue != null) return list(message(any, 'arrayValue'), 'values').map(value);
  if (any.intValue != null) return Number(any.intValue);
  return any.stringValue ?? any.boolValue ?? any.doubleValue;
}

/** Protobuf brings bytes, JSON brings hex. */
function id(holder: Message, key: string): string {
  const raw = holder[key];
  return typeof raw === 'string' ? raw : Buffer.from((raw ?? []) as number[]).toString('hex');
}

function list(holder: Message, key: string): readonly Message[] {
  return (holder[key] ?? []) as readonly Message[];
}

function message(holder: Message, key: string): Message {
  return (holder[key] ?? {}) as Message;
}
