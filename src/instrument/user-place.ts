import type { IncomingMessage } from 'node:http';
import { frameworkRequestOf } from './framework-request.ts';

/**
 * Finds the id of the user at the first of these places that has one: `header:x-user-id`, or the path of a member of the request, such as
 * `user.id`, `auth.sub` or `session.userId`. Where a framework has a request of its own, that is asked first.
 */
export function userIdAt(places: readonly string[], request: IncomingMessage): string | undefined {
  for (const place of places) {
    const value = place.startsWith(header)
      ? request.headers[place.slice(header.length).toLowerCase()]
      : (readMember(frameworkRequestOf(request), place) ?? readMember(request, place));
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  }
  return undefined;
}

const header = 'header:';

/** Members of a program may be getters that throw. */
function readMember(start: unknown, path: string): unknown {
  try {
    return memberAt(start, path);
  } catch {
    return undefined;
  }
}

/** The places of the settings, taken apart once. */
const namesOf = new Map<string, readonly string[]>();

function memberAt(start: unknown, path: string): unknown {
  let names = namesOf.get(path);
  if (names === undefined) {
    names = path.split('.');
    namesOf.set(path, names);
  }
  let value: unknown = start;
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
