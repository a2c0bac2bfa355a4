import type { TracerProvider } from '@opentelemetry/api';
import type { InstrumentationChoice } from '../configuration/otel-environment.ts';
import { adonisPatch } from './adonis.ts';
import { connectPatch } from './connect.ts';
import { expressPatch } from './express.ts';
import { feathersPatch } from './feathers.ts';
import { findMyWayPatch } from './find-my-way.ts';
import { graphqlPatch } from './graphql.ts';
import { grpcCalls } from './grpc-calls.ts';
import { grpcPatch } from './grpc-js.ts';
import { h3Patch } from './h3.ts';
import { hapiPatch } from './hapi.ts';
import { addHttpAspect } from './http-aspects.ts';
import { type HttpClientModule, patchOutgoing } from './http-client.ts';
import { createHttpCorrelation } from './http-correlation.ts';
import type { ExchangeOptions } from './http-exchange.ts';
import { createHttpRecording } from './http-recording.ts';
import { HttpServers, type ServerClass } from './http-server.ts';
import { followHttp2 } from './http2.ts';
import { Http2Calls } from './http2-calls.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import { koaPatch } from './koa.ts';
import { nextPatch } from './next.ts';
import { polkaPatch } from './polka.ts';
import { restifyPatch } from './restify.ts';
import { trpcPatch } from './trpc.ts';

export interface HttpOptions {
  /** The header that carries the correlation id; `undefined` where none does. */
  readonly correlationHeader: string | undefined;
  /** What the rows of requests say beyond their spans; `undefined` where there are no such rows. */
  readonly requests: ExchangeOptions | undefined;
  readonly choice?: InstrumentationChoice;
}

/** The requests of this process. */
export interface RunningHttp {
  /** The entry of the table, with what it patches. */
  complete(entry: InstrumentationEntry): InstrumentationEntry;
  /** Sees http2 too, servers and clients. */
  followHttp2(): void;
  follow(provider: TracerProvider): void;
  /** The process ends: the requests that are still open end with it. */
  endOpenRequests(): void;
}

/** Begins to see requests. Call it after the providers are registered. */
export function startHttp({ correlationHeader, requests, choice }: HttpOptions): RunningHttp {
  if (correlationHeader !== undefined) addHttpAspect(createHttpCorrelation(correlationHeader));
  const recording = requests === undefined ? undefined : createHttpRecording(requests);
  if (recording !== undefined) addHttpAspect(recording);
  const servers = new HttpServers(requests?.clientAddress ?? ((peer) => peer), choice?.knownMethods);
  const calls = new Http2Calls();
  const patches = new Map<string, NonNullable<InstrumentationEntry['patch']>>([
    ['http', patchWith(servers)],
    ['express', expressPatch],
    ['koa', koaPatch(correlationHeader)],
    ['hapi', hapiPatch],
    ['restify', restifyPatch],
    ['adonis', adonisPatch],
    ['connect', connectPatch],
    ['graphql', graphqlPatch],
    ['next', nextPatch],
    ['h3', h3Patch],
    ['trpc', trpcPatch],
    ['polka', polkaPatch],
    ['feathers', feathersPatch],
    ['find-my-way', findMyWayPatch],
    ['grpc', grpcPatch],
  ]);
  let isGrpcSeen = false;
  return {
    complete(entry) {
      const patch = patches.get(entry.name);
      return patch === undefined ? entry : { ...entry, patch };
    },
    followHttp2() {
      calls.watch();
      followHttp2((prototype, scheme) => {
        servers.watch(prototype, scheme);
        servers.watchStreams(prototype, scheme);
        if (!isGrpcSeen) addHttpAspect(grpcCalls);
        isGrpcSeen = true;
      });
    },
    follow(provider) {
      servers.follow(provider);
      calls.follow(provider);
    },
    endOpenRequests: () => recording?.endOpen('The process ended before the answer was complete.'),
  };
}

interface HttpModule extends HttpClientModule {
  readonly Server: { readonly prototype: ServerClass };
}

function patchWith(servers: HttpServers): NonNullable<InstrumentationEntry['patch']> {
  return ({ exports, name }, load) => {
    const http = exports as HttpModule;
    servers.watch(http.Server.prototype, name === 'https' ? 'https' : 'http');
    patchOutgoing(http, name, load);
    return 'patched';
  };
}
