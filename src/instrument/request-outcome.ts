import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The status that went out; `undefined` where the answer never began: a response has 200 prepared from the start. */
export function statusSent(response: ServerResponse): number | undefined {
  return response.headersSent ? response.statusCode : undefined;
}

/** Why a request that is over did not end as it should, as far as Node.js tells; `undefined` where it did. */
export function reasonOf(request: IncomingMessage, response: ServerResponse): string | undefined {
  if (isComplete(response)) return undefined;
  const missing = `before the ${request.complete ? 'answer' : 'request'} was complete.`;
  const socket = request.socket as Socket | undefined;
  if (socket !== undefined && timedOut.has(socket)) return `The connection timed out ${missing}`;
  const cause = [response.errored, request.errored, socket?.errored].find(isTold);
  if (cause !== undefined) return `${causeText(cause)} ${missing}`;
  return response.destroyed || request.destroyed ? `The connection was closed ${missing}` : undefined;
}

/** Sockets that were idle for too long. Node.js closes them, and forgets why. */
const timedOut = new WeakSet<object>();
const watched = Symbol('spanledger.timeouts');

/** Learns of time-outs of a connection. Whether it is closed then is decided by listeners elsewhere. */
export function watchTimeouts(socket: (Socket & { [watched]?: true }) | undefined): void {
  if (socket === undefined || socket[watched] === true || typeof socket.on !== 'function') return;
  socket[watched] = true;
  socket.on('timeout', () => timedOut.add(socket));
}

/** What http2 adds. */
interface Http2Response {
  readonly stream?: { readonly aborted?: boolean };
}

function isComplete(response: ServerResponse): boolean {
  const { stream } = response as Http2Response;
  return stream === undefined ? response.writableFinished : response.writableEnded && stream.aborted !== true;
}

type Told = Error & { readonly code?: unknown };

/** Node.js itself says `aborted` of every connection that is gone, which tells nothing. */
function isTold(error: unknown): error is Told {
  return error instanceof Error && !(error.message === 'aborted' && (error as Told).code === 'ECONNRESET');
}

const knownCodes: Readonly<Record<string, string>> = {
  ECONNRESET: 'The client reset the connection',
  EPIPE: 'The client closed the connection',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time',
  HPE_INVALID_EOF_STATE: 'The client closed the connection',
};

function causeText(error: Told): string {
  const known = typeof error.code === 'string' ? knownCodes[error.code] : undefined;
  return known ?? `It ended with ${error.name}: ${error.message},`;
}
