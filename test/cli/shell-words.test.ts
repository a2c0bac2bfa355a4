import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellCommand, shellWord } from '../../src/cli/shell-words.ts';
import { visible } from '../../src/cli/visible.ts';

/** The arguments that a real shell makes of a text, one to a line in hex. */
function read(shell: string, words: string): readonly string[] {
  const program = 'for (const word of process.argv.slice(1)) console.log(Buffer.from(word).toString("hex"))';
  const script = `"$NODE" -e "$PROGRAM" -- ${words}`;
  const env = { PATH: process.env.PATH, HOME: '/nowhere', NODE: process.execPath, PROGRAM: program };
  const output = execFileSync(shell, ['-c', script], { encoding: 'utf8', env, cwd: '/' });
  return output
    .trimEnd()
    .split('\n')
    .map((hex) => Buffer.from(hex, 'hex').toString());
}

const printable = [
  '',
  ' ',
  'my id with spaces',
  "it's here",
  "'",
  "''\\''",
  'a"b"c',
  'back\\slash\\n',
  '$HOME $(date) `date`',
  '*',
  '/b?n',
  '[a-z]*',
  '{a,b}',
  '~',
  '~/import',
  '!!',
  'a;b|c&d<e>f(g)',
  '#comment',
  '=ls',
  'a=b',
  'a\u3000b',
  'schön 写真 📷',
];
const hidden = ['two\nlines', 'tab\there', '\u001b[2J', "\r'\\", '\u00077', '\u202e012', 'a\u00adb', 'nel\u0085'];

it('is read by a shell as the one word that it was', () => {
  expect(read('sh', printable.map(shellWord).join(' '))).toEqual(printable);
});

it('keeps what nobody sees, in words that can be shown as they are', () => {
  const words = hidden.map(shellWord);
  expect(read('bash', words.join(' '))).toEqual(hidden);
  for (const word of [...words, ...printable.map(shellWord)]) expect(visible(word)).toBe(word);
});

it.each(['local-7', '0af7651916cd43dd8448eb211c80319c', 'pg-boss:mail:7', 'a/b.jpg', 'größe_1,5', '50%', 'me@host'])(
  'leaves a word alone that needs no quotes: %s',
  (text) => {
    expect(shellWord(text)).toBe(text);
  },
);

it('makes commands whose arguments are no options', () => {
  expect(shellCommand('timeline', 'local-7')).toBe('spanledger timeline local-7');
  expect(shellCommand('why', 'my id')).toBe("spanledger why 'my id'");
  expect(shellCommand('why', '--json')).toBe('spanledger why -- --json');
});
