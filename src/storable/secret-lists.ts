/**
 * Flat lists in which one member names the next: arguments of a program (`['--token', 'x']`) and raw headers (`['X-Api-Key', 'x']`).
 */

const longestName = 128;
const option = /^--?[A-Za-z][\w.-]*$/;
const header = /^(?:[A-Za-z]\w*-[\w-]+|authorization|cookie)$/i;

/** The key that member `index` of a list is for the member behind it, if it can be one. */
export function keyInList(member: unknown, index: number, length: number): string | undefined {
  if (typeof member !== 'string' || member.length > longestName) return undefined;
  if (option.test(member)) return member;
  if (index % 2 === 1 || length % 2 === 1) return undefined;
  return length === 2 || header.test(member) ? member : undefined;
}
