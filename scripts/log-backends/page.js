// Blocks of docs/log-backends.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './command.js';

const page = readFileSync(join(root, 'docs', 'log-backends.md'), 'utf8');

/** A block of the page: its first line, or a part of it. */
export function block(mark, language = 'yaml') {
  const found = [...page.matchAll(/^```(\w+)\n(.*?)^```/gms)].find(
    ([, kind, text]) => kind === language && text.includes(mark),
  );
  if (found === undefined) throw new Error(`There is no ${language} block with ${mark}.`);
  return found[2];
}
