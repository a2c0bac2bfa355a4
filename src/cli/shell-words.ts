/** What no shell splits or expands: letters and digits of any script, and signs that mean nothing to it. */
const plain = /^[\p{L}\p{N}_@%+:,./-]+$/u;
/** What {@link visible} would write out, so that it would not be the same word any more. */
const invisible = /[\p{C}\u2028\u2029]/u;

/**
 * A text as one word of a command, for a POSIX shell: as it is where nothing in it is split or expanded, otherwise in single quotes. Control characters and
 * others that nobody sees stand as `$'\n'` and `$'\342\200\256'` (POSIX.1-2024, bash, zsh, ksh), so that what is shown can be copied.
 */
export function shellWord(text: string): string {
  if (plain.test(text)) return text;
  return invisible.test(text) ? escapedWord(text) : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * A command of `spanledger` that people can copy: `spanledger timeline 'nightly run'`.
 * @param words arguments of any content; one that begins with a hyphen is kept from being taken for an option
 */
export function shellCommand(command: string, ...words: readonly string[]): string {
  const guard = words.some((word) => word.startsWith('-')) ? ['--'] : [];
  return ['spanledger', command, ...guard, ...words.map(shellWord)].join(' ');
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', "'": "\\'", '\\': '\\\\' };

function escapedWord(text: string): string {
  const escaped = Array.from(text, (character) => {
    const known = escapes[character];
    if (known !== undefined) return known;
    return invisible.test(character) ? octal(character) : character;
  });
  return `$'${escaped.join('')}'`;
}

/** Its bytes in UTF-8, three digits each: no digit behind them can be taken for one of theirs. */
function octal(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
