import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestFacts } from '../projection/request-projection.ts';
import { headOf, type ObservedBody, observeRequestBody, observeResponseBody } from './body-observation.ts';
import { bodyText } from './body-text.ts';
import type { ClientAddress } from './client-address.ts';
import { type GrpcStatus, grpcReason, grpcStatusOf, isGrpcCall } from './grpc-status.ts';
import { reasonOf, statusSent } from './request-outcome.ts';
import type { SecretRoutes } from './secret-routes.ts';
import { userIdAt } from './user-place.ts';

/** What is kept of requests besides their spans. */
export interface ExchangeOptions {
  /** Names of headers, in lower case. */
  readonly headers: readonly string[];
  readonly bodies: 'off' | 'errors' | 'on';
  readonly bodyMaxBytes: number;
  readonly secretRoutes: SecretRoutes;
  readonly clientAddress: ClientAddress;
  readonly userIdFrom: readonly string[];
}

/** One request that is served, and its answer. It looks on; what it is asked for is read from both when it is asked. */
export class HttpExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: ExchangeOptions;
  readonly #path: string;
  #requestBody: ObservedBody | undefined;
  #responseBody: ObservedBody | undefined;
  /** Set where something ended it from outside. */
  #endedBy: string | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.#path = request.url ?? '';
    if (options.bodies !== 'off' && !options.secretRoutes(this.#path)) this.#observe(options.bodyMaxBytes);
  }

  get status(): number | undefined {
    return statusSent(this.#response);
  }

  /** Why it did not end as a request should, or what went wrong in a call of gRPC; `undefined` where it did. */
  get reason(): string | undefined {
    if (this.#endedBy !== undefined) return this.#endedBy;
    const status = this.#grpcStatus;
    return status === undefined ? reasonOf(this.#request, this.#response) : grpcReason(status);
  }

  /** Why it was cut short. A call of gRPC whose status was sent was not, whatever its client did then. */
  get cutReason(): string | undefined {
    return this.#endedBy ?? (this.#grpcStatus === undefined ? this.reason : undefined);
  }

  endBecause(reason: string): void {
    this.#endedBy = reason;
  }

  /** Everything that is kept, now that the route is known. */
  facts(route: string | undefined): RequestFacts {
    const status = this.status;
    const reason = this.reason;
    const isFailed = reason !== undefined || status === undefined || status >= 400;
    const { bodies, secretRoutes } = this.#options;
    const isKept = (bodies === 'on' || isFailed) && (route === undefined || !secretRoutes(route));
    return {
      headers: this.#request.headers,
      headerNames: this.#options.headers,
      status,
      reason,
      userId: userIdAt(this.#options.userIdFrom, this.#request),
      requestBody: isKept ? this.#requestText() : undefined,
      responseBody: isKept ? this.#responseText() : undefined,
    };
  }

  get #grpcStatus(): GrpcStatus | undefined {
    return isGrpcCall(this.#request) ? grpcStatusOf(this.#response) : undefined;
  }

  #observe(maxBytes: number): void {
    this.#requestBody = observeRequestBody(this.#request, { maxBytes });
    // What is written in answer to HEAD never leaves the process.
    if (this.#request.method !== 'HEAD') this.#responseBody = observeResponseBody(this.#response, { maxBytes });
  }

  #requestText(): string | undefined {
    const body = this.#requestBody?.seen();
    const { 'content-type': type, 'content-encoding': encoding } = this.#request.headers;
    return body && bodyText(body, { type, encoding }, this.#options.bodyMaxBytes);
  }

  #responseText(): string | undefined {
    const body = hasNoBody(this.#response.statusCode) ? undefined : this.#responseBody?.seen();
    if (body === undefined) return undefined;
    const kind = { type: headOf(this.#response, 'content-type'), encoding: headOf(this.#response, 'content-encoding') };
    return bodyText(body, kind, this.#options.bodyMaxBytes);
  }
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1 */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}
