import type { OptionValue } from './option-values.ts';
import type { Terminal } from './terminal.ts';

/** The options of one call, read by name and type. A missing option is undefined, an empty list or false. */
export interface Options {
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  count(name: string): number | undefined;
  moment(name: string): Date | undefined;
  flag(name: string): boolean;
}

/** One call of one command. */
export interface Invocation {
  /** Name of the command, for error messages. */
  readonly command: string;
  readonly arguments: readonly string[];
  readonly options: Options;
  readonly terminal: Terminal;
  /** Aborted by Ctrl+C: a command that follows ends in good order. */
  readonly signal: AbortSignal;
}

/**
 * A command: answers on the terminal and resolves with its exit code, one of `exitCode` but for `run`, whose program has its own;
 * throws a `SpanledgerError` where it cannot.
 */
export type Run = (invocation: Invocation) => Promise<number>;

/** Options over the values that the parser found. */
export function createOptions(values: Readonly<Record<string, OptionValue>>): Options {
  return {
    text(name) {
      const value = values[name];
      return typeof value === 'string' ? value : undefined;
    },
    texts(name) {
      const value = values[name];
      return Array.isArray(value) ? value : [];
    },
    count(name) {
      const value = values[name];
      return typeof value === 'number' ? value : undefined;
    },
    moment(name) {
      const value = values[name];
      return value instanceof Date ? value : undefined;
    },
    flag: (name) => values[name] === true,
  };
}
