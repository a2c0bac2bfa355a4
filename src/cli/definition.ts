import type { Run } from './invocation.ts';
import type { OptionKind } from './option-values.ts';

/** One option of a command, as data. */
export interface OptionDefinition {
  /** As commander reads it: `--last <n>`. */
  readonly flags: string;
  readonly brief: string;
  /** How the value is read; a flag has none. */
  readonly value?: OptionKind;
  readonly choices?: readonly string[];
  /** Used where the option is not given, in the words a user would type. */
  readonly fallback?: string;
  /** May be given several times; any of the values matches. */
  readonly repeatable?: boolean;
}

/** One argument of a command: `<id>`, `[id]` or `<file...>`. */
export interface ArgumentDefinition {
  readonly name: string;
  readonly brief: string;
  readonly choices?: readonly string[];
}

/** A command as data: the parser, `--help` and docs/cli.md are made of it. */
export interface CommandDefinition {
  readonly name: string;
  readonly brief: string;
  /** What a user should know beyond the options, a paragraph each. */
  readonly notes: readonly string[];
  readonly arguments: readonly ArgumentDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly string[];
  /** When the command exits with 1. */
  readonly finding?: string;
  /** Loads the command only when it runs. */
  load(): Promise<{ readonly run: Run }>;
}
