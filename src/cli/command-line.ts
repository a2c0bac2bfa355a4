import { CommanderError } from 'commander';
import { SpanledgerError } from '../domain/errors.ts';
import type { CommandDefinition } from './definition.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { createInterruption } from './interruption.ts';
import type { Invocation } from './invocation.ts';
import { createProgram } from './program.ts';
import { createTerminal, isReaderGone, type OutputStream, type Terminal } from './terminal.ts';
import { visible, visibleLines } from './visible.ts';

/**
 * Runs one call of the command line: `argv` is what follows the name of the program, answers go to `output`, remarks to
 * `errors`. Never throws; resolves with the exit code.
 */
export async function runCommandLine(
  argv: readonly string[],
  output: OutputStream,
  errors: OutputStream,
): Promise<number> {
  const terminal = createTerminal(output, errors);
  let chosen: { readonly definition: CommandDefinition; readonly call: Call } | undefined;
  const program = createProgram(
    (definition, call) => {
      chosen = { definition, call };
    },
    { writeOut: (text) => output.write(text), writeErr: (text) => errors.write(text) },
  );
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    return tellOfParser(terminal, error, argv);
  }
  if (chosen === undefined) return exitCode.usage;
  const { definition, call } = chosen;
  const interruption = createInterruption();
  try {
    const { run } = await definition.load();
    return await run({
      ...call,
      terminal,
      get signal() {
        return interruption.signal();
      },
    });
  } catch (error) {
    return isReaderGone(error) ? exitCode.ok : tell(terminal, error);
  } finally {
    interruption.release();
  }
}

type Call = Pick<Invocation, 'command' | 'arguments' | 'options'>;

/** `--help` and `--version` end the parser too, without a fault; without a command the help stands on standard error. */
async function tellOfParser(terminal: Terminal, error: unknown, argv: readonly string[]): Promise<ExitCode> {
  if (!(error instanceof CommanderError)) return tell(terminal, error);
  if (error.exitCode === 0) return exitCode.ok;
  if (error.code === 'commander.help') return exitCode.usage;
  const [command = ''] = argv;
  const isUnknown = command.startsWith('-') || error.code === 'commander.unknownCommand';
  const details = { why: whyOf(error.message), command: isUnknown ? '' : command };
  return tell(terminal, new SpanledgerError('USAGE', { details }));
}

/** What the parser says, as one sentence of ours. */
function whyOf(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/^command-argument value ('.*') is invalid for argument '(.*?)'/s, "argument '$2' is $1")
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/[.\s]+$/, '');
}

/** What is told may quote what was typed, or an address with a password in it. */
async function tell(terminal: Terminal, error: unknown): Promise<ExitCode> {
  const { sanitizer } = await import('../storable/sanitizer.ts');
  const { code, text } = toldOf(error);
  // By itself: with the name of the error before it, `…_URL_INVALID: The …` reads like a secret and its name.
  const [first = '', ...rest] = linesOf(error, sanitizer().text(text));
  terminal.note(`${terminal.style('red', code)}: ${first}`);
  for (const line of rest) terminal.note(line);
  if (error instanceof SpanledgerError)
    terminal.note(`  ${visibleLines(error.action).join(' ').replace(/ {2,}/g, ' ')}`);
  return exitCodeOf(error);
}

/** A stack has lines of its own; a message that has them quotes somebody. */
function linesOf(error: unknown, text: string): readonly string[] {
  return isUnexpected(error) && error instanceof Error ? visibleLines(text) : [visible(text)];
}

function isUnexpected(error: unknown): boolean {
  return !(error instanceof Error && 'code' in error);
}

/** Ours with their code; those of the system and of the database with theirs; of any other its stack: it is a fault of ours. */
function toldOf(error: unknown): { readonly code: string; readonly text: string } {
  if (!(error instanceof Error)) return { code: 'UNEXPECTED', text: String(error) };
  if (!('code' in error)) return { code: 'UNEXPECTED', text: error.stack ?? error.message };
  const code = String(error.code);
  const prefix = `${code}: `;
  return { code, text: error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message };
}
