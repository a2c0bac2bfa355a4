import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { diag } from '@opentelemetry/api';
import type { ClientStream, RequestHeaders } from './http2-call.ts';

/** A request that a program makes of an http2 server, before it is made. */
export interface SeenRequest {
  readonly headers: RequestHeaders;
  /** It is on its way. */
  begun(stream: ClientStream): void;
  /** It could not be made. */
  refused(error: unknown): void;
}

type Begin = (headers: unknown) => SeenRequest | undefined;
type Request = (this: unknown, headers?: unknown, ...rest: unknown[]) => ClientStream;

/**
 * Sees the requests that the program makes over http2. Their class is not exported, and http2 takes longer to load than all that spanledger does at
 * the start. So it is met at the first connection of a program that has loaded http2, which comes before the first session.
 * @param begin `undefined` for a request that is not to be seen
 */
export function followHttp2Clients(begin: Begin): void {
  const { connect } = Socket.prototype;
  const seen = function connectSeen(this: Socket, ...args: unknown[]): Socket {
    if (isHttp2Loaded()) {
      if (Socket.prototype.connect === seen) Socket.prototype.connect = connect;
      // What is put around ours stays, and finds it done.
      meetOnce();
    }
    return (connect as (this: Socket, ...args: unknown[]) => Socket).apply(this, args);
  } as typeof connect;
  let isMet = false;
  const meetOnce = () => {
    if (isMet) return;
    isMet = true;
    try {
      watchRequests(sessionPrototype(), begin);
    } catch (error) {
      diag.warn('Requests that go out over http2 are not seen.', error);
    }
  };
  Object.defineProperty(seen, 'name', { value: connect.name });
  Object.defineProperty(seen, 'length', { value: connect.length });
  Socket.prototype.connect = seen;
}

/** Node.js lists what it has loaded of itself. */
function isHttp2Loaded(): boolean {
  const { moduleLoadList } = process as { readonly moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes('NativeModule http2') === true;
}

interface SessionClass {
  request: Request;
}

/** That of all sessions, by one that goes nowhere. */
function sessionPrototype(): SessionClass {
  const { connect } = createRequire(import.meta.url)('node:http2') as typeof import('node:http2');
  const session = connect('http://localhost', { createConnection: () => new PassThrough() });
  session.on('error', () => undefined);
  session.destroy();
  return Object.getPrototypeOf(session) as SessionClass;
}

function watchRequests(sessions: SessionClass, begin: Begin): void {
  const { request } = sessions;
  const requestSeen: Request = function (...args) {
    const seen = begin(args[0]);
    if (seen === undefined) return request.apply(this, args);
    let stream: ClientStream;
    try {
      stream = request.call(this, seen.headers, ...args.slice(1));
    } catch (error) {
      seen.refused(error);
      throw error;
    }
    try {
      seen.begun(stream);
    } catch (error) {
      diag.warn('A request over http2 could not be looked at.', error);
    }
    return stream;
  };
  Object.defineProperty(requestSeen, 'name', { value: request.name });
  Object.defineProperty(requestSeen, 'length', { value: request.length });
  Object.defineProperty(sessions, 'request', {
    value: requestSeen,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
