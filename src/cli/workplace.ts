import { resolve } from 'node:path';
import type { Configuration } from '../configuration/settings.ts';
import { loadSettings } from '../configuration/settings.ts';
import { SpanledgerError } from '../domain/errors.ts';
import type { Invocation } from './invocation.ts';
import { visible } from './visible.ts';

/** Where a command works: the settings, and the directory they lead to. */
export interface Workplace {
  readonly configuration: Configuration;
  /** Absolute path of the directory of journals and embedded store. */
  readonly directory: string;
  readonly schema: string;
  readonly databaseUrl: string | undefined;
}

/**
 * Resolves the settings of one call. Mistakes in the environment are told on standard error; a database URL that
 * cannot be used ends the call, since the answer would come from the wrong place.
 */
export function openWorkplace({ options, terminal }: Pick<Invocation, 'options' | 'terminal'>): Workplace {
  const directory = options.text('dir');
  const configuration = loadSettings(directory === undefined ? {} : { directory });
  for (const { variable, message } of configuration.warnings) {
    if (databaseVariables.includes(variable)) {
      throw new SpanledgerError('DATABASE_URL_INVALID', { details: { why: `${variable} does not hold one` } });
    }
    terminal.note(`warning: ${visible(message)}`);
  }
  const { settings } = configuration;
  return {
    configuration,
    directory: resolve(settings.directory),
    schema: settings.schema,
    databaseUrl: settings.databaseUrl,
  };
}

const databaseVariables = ['SPANLEDGER_DATABASE_URL', 'DATABASE_URL'];
