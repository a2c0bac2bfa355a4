import { existsSync, readFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { createConfiguredSanitizer } from '../../configuration/redaction.ts';
import { loadSettings } from '../../configuration/settings.ts';
import type { Sanitizer } from '../../storable/sanitizer.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';
import { jsonLine, visible, visibleLines } from '../visible.ts';

/** `spanledger redact` */
export const run: Run = async (invocation) => {
  const { options, terminal } = invocation;
  const { settings, warnings } = loadSettings();
  for (const { message } of warnings) terminal.note(`warning: ${visible(message)}`);
  const counts = new Map<string, number>();
  const tell = (rule: string, count = 1): void => void counts.set(rule, (counts.get(rule) ?? 0) + count);
  const limits = { maxTextLength: Number.POSITIVE_INFINITY, maxJsonBytes: Number.POSITIVE_INFINITY };
  const masked = maskedText(await readInput(invocation), createConfiguredSanitizer(settings, { tell, ...limits }));
  const rules = [...counts].map(([rule, count]) => ({ rule, count }));
  const isTest = options.flag('test');
  if (options.flag('json')) await terminal.line(jsonLine({ text: masked, rules }));
  else {
    for (const line of visibleLines(masked)) await terminal.line(line);
    if (isTest) await printRules(terminal, rules);
  }
  return isTest && rules.length > 0 ? exitCode.finding : exitCode.ok;
};

/** The argument itself, the file of this name, or standard input. */
async function readInput({ arguments: [input = '-'] }: Invocation): Promise<string> {
  if (input === '-') return (await textOf(process.stdin)).replace(/\n$/, '');
  return existsSync(input) ? readFileSync(input, 'utf8').replace(/\n$/, '') : input;
}

/** JSON, and lines of JSON, are masked member by member, as the ledger does it; everything else as text. */
function maskedText(input: string, sanitizer: Sanitizer): string {
  const whole = jsonOf(input, sanitizer);
  if (whole !== undefined) return whole;
  const lines = input.split('\n').map((line) => (line.trim() === '' ? line : jsonOf(line, sanitizer)));
  return lines.every((line) => line !== undefined) ? lines.join('\n') : sanitizer.text(input);
}

function jsonOf(text: string, sanitizer: Sanitizer): string | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return sanitizer.json(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function printRules(terminal: Terminal, rules: readonly { rule: string; count: number }[]): Promise<void> {
  await terminal.line();
  if (rules.length === 0) return terminal.line('Nothing would be masked.');
  const total = rules.reduce((sum, { count }) => sum + count, 0);
  await terminal.line(`${total} ${total === 1 ? 'place' : 'places'} would be masked, by rule:`);
  for (const { rule, count } of rules) await terminal.line(`  ${String(count).padStart(4)}  ${visible(rule)}`);
}
