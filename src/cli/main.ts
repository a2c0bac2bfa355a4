#!/usr/bin/env node
import { CommanderError } from 'commander';
import { SpanledgerError } from '../domain/errors.ts';
import type { CommandDefinition } from './definition.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { createProgram } from './program.ts';
import { createTerminal } from './terminal.ts';
import { visibleLines } from './visible.ts';

const terminal = createTerminal(process.stdout, process.stderr);
endQuietlyWhenNobodyReads();
process.exitCode = await main(process.argv);

/** Runs the command line. Never throws; resolves with the exit code. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  let chosen: { readonly definition: CommandDefinition; readonly call: Call } | undefined;
  const program = createProgram((definition, call) => {
    chosen = { definition, call };
  });
  try {
    program.parse([...argv]);
  } catch (error) {
    return tellOfParser(error);
  }
  if (chosen === undefined) return exitCode.usage;
  const { definition, call } = chosen;
  try {
    const { run } = await definition.load();
    return await run({ ...call, terminal, signal: interruption() });
  } catch (error) {
    return tell(error);
  }
}

type Call = Pick<Invocation, 'command' | 'arguments' | 'options'>;

/** `--help` and `--version` end the parser too, without a fault; without a command the help stands on standard error. */
function tellOfParser(error: unknown): ExitCode {
  if (!(error instanceof CommanderError)) return tell(error);
  if (error.exitCode === 0) return exitCode.ok;
  if (error.code === 'commander.help') return exitCode.usage;
  const why = error.message.replace(/^error: /, '').replace(/\.\s*$/, '');
  return tell(new SpanledgerError('USAGE', { details: { why, command: process.argv[2] ?? '' } }));
}

function tell(error: unknown): ExitCode {
  const [code, text, action] =
    error instanceof SpanledgerError
      ? [error.code, error.message, error.action]
      : ['SPANLEDGER_UNEXPECTED', error instanceof Error ? (error.stack ?? error.message) : String(error), undefined];
  const [first = '', ...rest] = visibleLines(text);
  terminal.note(`${terminal.style('red', code)}: ${first}`);
  for (const line of rest) terminal.note(line);
  if (action !== undefined) terminal.note(`  ${visibleLines(action).join(' ')}`);
  return exitCodeOf(error);
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  process.once('SIGTERM', () => controller.abort());
  return controller.signal;
}

/** `spanledger logs | head` closes our output early; that is no error. */
function endQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      process.exit(error.code === 'EPIPE' ? exitCode.ok : exitCode.finding);
    });
  }
}
