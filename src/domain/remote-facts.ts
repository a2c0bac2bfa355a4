import { property, textProperty } from './thrown.ts';

const maxBodyLength = 2000;

/** What the remote side told besides its status. */
export interface RemoteFacts {
  /** Wait that it asked for. */
  readonly retryAfterSeconds?: number;
  /** Beginning of its answer, where the error carries it as text. */
  readonly remoteBody?: string;
}

/** Reads what the remote side told from an error and its causes, nearest first. Never throws. */
export function remoteFacts(chain: readonly unknown[]): RemoteFacts {
  const retryAfterSeconds = chain.map(retryAfterOf).find((seconds) => seconds !== undefined);
  const body = chain.map(bodyOf).find((text) => text !== undefined);
  return {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(body !== undefined && { remoteBody: body.slice(0, maxBodyLength) }),
  };
}

function retryAfterOf(node: unknown): number | undefined {
  const response = property(node, 'response') ?? node;
  const headers = property(response, 'headers');
  const value = property(node, 'retryAfter') ?? property(headers, 'retry-after') ?? getHeader(headers);
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

function getHeader(headers: unknown): unknown {
  const get = property(headers, 'get');
  try {
    return typeof get === 'function' ? get.call(headers, 'retry-after') : undefined;
  } catch {
    return undefined;
  }
}

function bodyOf(node: unknown): string | undefined {
  const response = property(node, 'response');
  return (
    textProperty(node, 'responseBody') ??
    textProperty(node, 'body') ??
    textProperty(response, 'body') ??
    textProperty(response, 'data')
  );
}
